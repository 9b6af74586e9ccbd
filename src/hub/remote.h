// The files of one model on the hub.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "bertune/hub.h"
#include "hub/explain.h"
#include "hub/http.h"
#include "hub/model_name.h"
#include "hub/partial_file.h"
#include "hub/settings.h"

namespace bertune::hub {

// The hub's description of a file before it is downloaded.
struct FileMetadata {
  std::string commit;                 // that the revision means: 40 hexadecimal digits
  std::string etag;                   // SHA-256 (64 digits) of large files, the git blob (40) of others
  std::optional<std::uint64_t> size;  // unknown where the server does not say
};

class Remote {
 public:
  Remote(const Settings& settings, const HubOptions& options, ModelName name);

  // Asks for the metadata of a file at a revision (a branch, tag or commit). `patient`: failures that may
  // pass are met with some attempts. Throws HubError; what it says of the commit is checked to be one.
  FileMetadata metadata(const std::string& file, const std::string& revision, bool patient = true);
  // The commit that the last answer about a missing file named ("" when none).
  const std::string& commit_of_missing() const { return commit_of_missing_; }

  // Adds what `partial` lacks, continuing where it ends, until it has the stated size. Throws HubError when
  // the server does not give all after some attempts, and Error when the disk fails; what has arrived stays
  // in it.
  void download(const std::string& file, const FileMetadata& metadata, PartialFile& partial);

 private:
  class Retries;
  std::string url_of(const std::string& file, const std::string& revision) const;
  HttpAnswer follow(HttpRequest request, const HttpClient::Body& body = {});
  HttpAnswer attempt_download(const std::string& file, const FileMetadata& metadata, PartialFile& partial);
  Asked asked(const std::string& file) const;

  const Settings& settings_;
  const HubOptions& options_;
  ModelName name_;
  HttpClient client_;
  std::string commit_of_missing_;
};

}  // namespace bertune::hub
