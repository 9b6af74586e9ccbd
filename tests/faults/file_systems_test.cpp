// The same on file systems on which a folder cannot be exchanged, or that fill, wherever this machine lets a
// test mount them: in a mount namespace of the test.
#include <sched.h>
#include <sys/mount.h>

#include <cstdlib>
#include <cstring>

#include "faults/training.h"

namespace bertune::testing {
namespace {

// Whether from here on this process alone sees what it mounts.
bool can_mount() {
  static const bool can = [] {
    const uid_t user = ::geteuid();
    const gid_t group = ::getegid();
    if (::unshare(CLONE_NEWNS | (user == 0 ? 0 : CLONE_NEWUSER)) != 0) return false;
    if (user != 0) {
      std::ofstream("/proc/self/setgroups") << "deny";
      std::ofstream("/proc/self/uid_map") << "0 " << user << " 1";
      std::ofstream("/proc/self/gid_map") << "0 " << group << " 1";
    }
    return ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
  }();
  return can;
}

class FileSystem : public Training {
 protected:
  void SetUp() override {
    if (!can_mount()) GTEST_SKIP() << "this system lets nobody mount here";
    must(train({"--max-steps", "1", "--seed", "9"}));
  }
  void TearDown() override {
    for (; !mounted_.empty(); mounted_.pop_back()) ::umount2(mounted_.back().c_str(), MNT_DETACH);
  }
  // Returns 0 or the errno.
  int mount(const fs::path& what, const fs::path& where, const char* type, unsigned long flags = 0,
            const std::string& options = "") {
    if (::mount(what.c_str(), where.c_str(), type, flags, options.c_str()) != 0) return errno;
    mounted_.push_back(where);
    return 0;
  }
  void unmount(const fs::path& where) {
    ::umount2(where.c_str(), MNT_DETACH);
    std::erase(mounted_, where);
  }
  Arguments command() const { return train({"--max-steps", "2", "--overwrite"}); }
  void examine_here(std::function<void()> lay_out) {
    examine({.command = command(), .again = command(), .usable = predict(), .lay_out = std::move(lay_out)});
  }
  // In a file system of its own, where the output is.
  void mount_output(const char* type, const std::string& options) {
    fs::copy(root(), kept(), fs::copy_options::recursive);
    ASSERT_EQ(mount("none", root() / "out", type, 0, options), 0);
    fs::copy(kept() / "out", root() / "out", fs::copy_options::recursive);
  }
  fs::path kept() const { return files_.path() / "kept"; }

  std::vector<fs::path> mounted_;
};

TEST_F(FileSystem, MountPoint) {
  mount_output("tmpfs", "");
  examine_here({});
}

TEST_F(FileSystem, InAFolderThatIsReadOnly) {
  ASSERT_EQ(mount(root(), root(), nullptr, MS_BIND), 0);
  ASSERT_EQ(mount(root() / "out", root() / "out", nullptr, MS_BIND), 0);
  write_users_files("out");
  copy_into(root(), before());
  ASSERT_EQ(::mount(nullptr, root().c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr), 0);
  examine_here([this] {
    clear_folder(root() / "out");
    copy_into(before() / "out", root() / "out");
  });
}

// As in a container: the model is in a layer of its image.
TEST_F(FileSystem, Overlay) {
  write_users_files("out");
  copy_into(root(), before());
  const auto lay_out = [this] {
    unmount(root());
    const fs::path upper = files_.path() / "upper", work = files_.path() / "work";
    fs::remove_all(upper), fs::remove_all(work);
    fs::create_directory(upper), fs::create_directory(work);
    return mount(
        "overlay", root(), "overlay", 0,
        "lowerdir=" + before().string() + ",upperdir=" + upper.string() + ",workdir=" + work.string());
  };
  if (const int error = lay_out(); error != 0) GTEST_SKIP() << "no overlays here: " << std::strerror(error);
  examine_here([lay_out] { lay_out(); });
}

TEST_F(FileSystem, Vfat) {
  const std::string image = (files_.path() / "card").string();
  const std::string make = "mkfs.vfat -C " + image + " 4096 >/dev/null 2>&1 && mount -o loop " + image + " " +
                           out() + " 2>/dev/null";
  fs::copy(root(), kept(), fs::copy_options::recursive);
  if (std::system(make.c_str()) != 0) GTEST_SKIP() << "no mkfs.vfat, loop devices or vfat here";
  mounted_.push_back(out());
  fs::copy(kept() / "out", root() / "out", fs::copy_options::recursive);
  examine_here({});
}

TEST_F(FileSystem, ALink) {
  fs::rename(root() / "out", root() / "elsewhere");
  fs::create_directory_symlink("elsewhere", root() / "out");
  examine_here({});
  EXPECT_TRUE(fs::is_symlink(root() / "out"));
}

// Fuller and fuller: the old model stays, or the new one is there.
TEST_F(FileSystem, ThatFills) {
  mount_output("tmpfs", "size=256k");
  const std::string old = contents_of(root() / "out" / "model.safetensors");
  std::size_t refused = 0, trained = 0;
  for (std::size_t ballast = 0; ballast < 256; ballast += 8) {
    SCOPED_TRACE(std::to_string(ballast) + " KiB are taken");
    clear_folder(root() / "out");
    fs::copy(kept() / "out", root() / "out", fs::copy_options::recursive);
    std::ofstream(root() / "out" / "ballast") << std::string(ballast << 10, 'x');
    const Ended ended = in_child([&] { return run_program(command()); });
    EXPECT_EQ(contents_of(root() / "out" / "model.safetensors") == old, ended.code != 0);
    (ended.code == 0 ? trained : refused) += 1;
    if (ended.code != 0) {
      EXPECT_EQ(ended.code, 1) << ended.err;
      EXPECT_THAT(ended.err, ::testing::HasSubstr("free some space or choose another place"));
      fs::remove(root() / "out" / "ballast");
      const Ended again = in_child([&] { return run_program(command()); });
      EXPECT_EQ(again.code, 0) << again.err;
    }
  }
  EXPECT_GT(refused, 0U);
  EXPECT_GT(trained, 0U);
}

}  // namespace
}  // namespace bertune::testing
