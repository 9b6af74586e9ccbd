#include "studio/uploads.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <span>

#include "core/file.h"
#include "core/file_error.h"
#include "core/folder.h"
#include "core/writing.h"
#include "serve/http.h"
#include "studio/token.h"

namespace bertune::studio {
namespace {

using serve::Refusal;

constexpr std::string_view kPiece = "upload-";
constexpr std::uint64_t kReserve = std::uint64_t{16} << 20;  // that is left free for everything else

const Refusal kFull = {507, "Full", "the disk is full: free some space, and try again"};

// "tickets.csv", or "tickets-2.csv" where there is one of that name.
std::string free_name(const fs::path& folder, const std::string& name) {
  const fs::path path(name);
  std::string free = name;
  for (int number = 2; path_exists(folder / free); ++number)
    free = fmt::format("{}-{}{}", path.stem().string(), number, path.extension().string());
  return free;
}

void write_piece(const fs::path& path, std::uint64_t offset, std::string_view piece) {
  const Descriptor file(writing::open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
  if (file.get() < 0) throw_file_error("write", path, errno);
  if (writing::pwrite_all(file.get(), std::as_bytes(std::span(piece)), static_cast<off_t>(offset))) return;
  if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG) throw Refusal(kFull);
  throw_file_error("write", path, errno);
}

void sync_file(const fs::path& path) {
  const Descriptor file(writing::open(path, O_WRONLY | O_CLOEXEC, 0666));
  if (file.get() >= 0 && writing::sync(file.get()) != 0 && errno == ENOSPC) throw Refusal(kFull);
}

}  // namespace

std::string Uploads::begin(std::string_view project, const std::string& name, std::uint64_t bytes) {
  const fs::path folder = projects_.folder_of(project);
  if (bytes == 0) throw Refusal{422, "Validation", "the file is empty"};
  if (free_disk_bytes(folder) < bytes + kReserve) throw Refusal(kFull);
  const std::lock_guard lock(mutex_);
  if (open_.size() >= 1000) throw Refusal{429, "Overloaded", "too many files are being sent"};
  const std::string number = random_token(8);
  open_[number] = {.project = std::string(project), .name = safe_file_name(name), .bytes = bytes};
  return number;
}

OrderedJson Uploads::add(std::string_view project, const std::string& number, std::uint64_t offset,
                         std::string_view piece) {
  const std::lock_guard lock(mutex_);
  const auto found = open_.find(number);
  if (found == open_.end() || found->second.project != project)
    throw Refusal{404, "NotFound", "this upload is not known any more: send the file again"};
  Upload& upload = found->second;
  if (offset != upload.received)
    throw Refusal{409, "Validation", fmt::format("the next piece begins at byte {}", upload.received)};
  if (piece.empty() || piece.size() > upload.bytes - upload.received)
    throw Refusal{422, "Validation", "the pieces are not as many bytes as the file"};
  write_piece(part_of(number, upload), offset, piece);
  upload.received += piece.size();
  OrderedJson answer = {{"received", upload.received}};
  if (upload.received < upload.bytes) return answer;
  answer["name"] = finish(number, upload);
  open_.erase(found);
  return answer;
}

fs::path Uploads::part_of(const std::string& number, const Upload& upload) const {
  return projects_.folder_of(upload.project) / kWork / fmt::format("{}{}", kPiece, number);
}

std::string Uploads::finish(const std::string& number, const Upload& upload) {
  const fs::path part = part_of(number, upload), data = projects_.folder_of(upload.project) / "data";
  sync_file(part);
  writing::make_folders(data);
  const std::string name = free_name(data, upload.name);
  if (writing::rename(part, data / name) != 0) throw_file_error("write", data / name, errno);
  projects_.change(upload.project, [&](OrderedJson& settings) { add_file(settings, name); });
  return name;
}

void remove_left_pieces(const fs::path& project) {
  for (const fs::path& entry : readable_entries_of(project / kWork))
    if (entry.filename().string().starts_with(kPiece)) writing::unlink(entry);
}

}  // namespace bertune::studio
