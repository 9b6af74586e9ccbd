// What a disk holds, and what it would hold after the power went: contents as of the last sync of the file,
// names as of the last sync of the folder. Follows the changes of src/core/writing.h in memory.
#pragma once

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>

#include "core/writing.h"
#include "support/temporary_directory.h"

namespace bertune::testing {

namespace fs = std::filesystem;

inline std::string contents_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Every name below `folder`, and what is there.
inline std::map<std::string, std::string> tree_of(const fs::path& folder) {
  std::map<std::string, std::string> tree;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    std::string& what = tree[entry.path().lexically_relative(folder).string()];
    if (entry.is_symlink())
      what = "-> " + fs::read_symlink(entry.path()).string();
    else
      what = entry.is_directory() ? "a folder" : contents_of(entry.path());
  }
  return tree;
}

class Disk {
 public:
  // All that is below `root` is taken to be durable.
  explicit Disk(const fs::path& root) : root_(fs::canonical(root)), top_(read(root_)) {}

  // A change that succeeded, with its result.
  void apply(const writing::Change& change, ssize_t result) {
    using writing::Call;
    switch (change.call) {
      case Call::open:
        if (Node* folder = parent(change.path)) {
          auto& node = folder->names[fs::path(change.path).filename()];
          if (!node) node = std::make_shared<Node>();
          files_[static_cast<int>(result)] = {node, (change.flags & O_APPEND) != 0 ? node->live.size() : 0};
        } else {
          files_.erase(static_cast<int>(result));
        }
        return;
      case Call::write:
        return write(change, static_cast<std::size_t>(result));
      case Call::truncate:
        if (Open* file = opened(change.file))
          file->node->live.resize(static_cast<std::size_t>(change.offset));
        return;
      case Call::sync:
        if (Open* file = opened(change.file)) file->node->durable = file->node->live;
        return;
      case Call::sync_folder:
        if (Node* folder = parent(fs::path(change.path) / "x")) folder->durable_names = folder->names;
        return;
      case Call::chmod:
        return;
      case Call::close:
        files_.erase(change.file);
        return;
      case Call::mkdir:
        put(change.path, std::make_shared<Node>(Node{.kind = 'd'}));
        return;
      case Call::symlink:
        put(change.other, std::make_shared<Node>(Node{.kind = 'l', .live = change.path}));
        return;
      case Call::link:
        put(change.other, find(change.path));
        return;
      case Call::unlink:
      case Call::rmdir:
        put(change.path, nullptr);
        return;
      case Call::rename: {
        const NodePtr node = find(change.path);
        if (node == find(change.other)) return;  // two names of one file stay
        put(change.path, nullptr), put(change.other, node);
        return;
      }
      case Call::exchange: {
        const NodePtr one = find(change.path), other = find(change.other);
        put(change.path, other), put(change.other, one);
      }
    }
  }

  // What stays when the power goes; `journal`: of a file system that keeps names in order without being
  // asked.
  void lose_power(bool journal) const {
    for (const auto& entry : fs::directory_iterator(root_)) {
      std::error_code error;  // a mount point stays
      fs::remove_all(entry.path(), error);
    }
    make(*top_, root_, journal);
  }

  // As tree_of(root).
  std::map<std::string, std::string> tree() const {
    std::map<std::string, std::string> tree;
    list(*top_, "", tree);
    return tree;
  }

 private:
  struct Node;
  using NodePtr = std::shared_ptr<Node>;
  struct Node {
    char kind = 'f';  // file, folder (d), link
    std::string live = {}, durable = {};
    std::map<std::string, NodePtr> names = {}, durable_names = {};
  };
  struct Open {
    NodePtr node;
    std::size_t at = 0;
  };

  static NodePtr read(const fs::path& path) {
    auto node = std::make_shared<Node>();
    if (fs::is_symlink(path)) {
      node->kind = 'l', node->live = fs::read_symlink(path).string();
    } else if (fs::is_directory(path)) {
      node->kind = 'd';
      for (const auto& entry : fs::directory_iterator(path))
        node->names[entry.path().filename()] = read(entry.path());
      node->durable_names = node->names;
    } else {
      node->live = node->durable = contents_of(path);
    }
    return node;
  }

  // The folder that holds the name; null: it is outside of the root.
  Node* parent(const fs::path& path) const {
    const fs::path folder = fs::weakly_canonical(fs::absolute(path).parent_path());
    const fs::path below = folder.lexically_relative(root_);
    if (below.empty() || *below.begin() == "..") return nullptr;
    Node* node = top_.get();
    for (const fs::path& part : below) {
      if (part == ".") continue;
      const auto found = node->names.find(part);
      if (found == node->names.end()) return nullptr;
      node = found->second.get();
    }
    return node;
  }
  NodePtr find(const fs::path& path) const {
    const Node* folder = parent(path);
    const auto found = folder == nullptr ? std::map<std::string, NodePtr>::const_iterator{}
                                         : folder->names.find(path.filename());
    return folder == nullptr || found == folder->names.end() ? nullptr : found->second;
  }
  void put(const fs::path& path, NodePtr node) const {
    Node* folder = parent(path);
    if (folder == nullptr) return;
    if (node)
      folder->names[path.filename()] = std::move(node);
    else
      folder->names.erase(path.filename());
  }
  Open* opened(int file) {
    const auto found = files_.find(file);
    return found == files_.end() ? nullptr : &found->second;
  }
  void write(const writing::Change& change, std::size_t size) {
    Open* file = opened(change.file);
    if (file == nullptr) return;
    std::string& live = file->node->live;
    const std::size_t at = change.offset < 0 ? file->at : static_cast<std::size_t>(change.offset);
    live.resize(std::max(live.size(), at + size));
    live.replace(at, size, reinterpret_cast<const char*>(change.bytes.data()), size);
    if (change.offset < 0) file->at = at + size;
  }

  static void make(const Node& node, const fs::path& path, bool journal) {
    if (node.kind == 'l') return fs::create_symlink(node.live, path);
    if (node.kind == 'f') {
      std::ofstream(path, std::ios::binary) << node.durable;
      return;
    }
    fs::create_directory(path);
    for (const auto& [name, inside] : journal ? node.names : node.durable_names)
      make(*inside, path / name, journal);
  }
  static void list(const Node& node, const std::string& name, std::map<std::string, std::string>& tree) {
    if (!name.empty())
      tree[name] = node.kind == 'l' ? "-> " + node.live : node.kind == 'd' ? "a folder" : node.live;
    for (const auto& [inside, child] : node.names)
      list(*child, name.empty() ? inside : name + "/" + inside, tree);
  }

  fs::path root_;
  NodePtr top_;
  std::map<int, Open> files_;
};

}  // namespace bertune::testing
