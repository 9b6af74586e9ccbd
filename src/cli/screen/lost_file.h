// A file that another program cuts off while it is mapped.
#pragma once

namespace bertune::cli {

// Ends the program with a message and exit code 1 where a mapped file turns out to be shorter than it was.
// (The library takes no signals: another program that uses it decides for itself, with mapped_file_at.)
void end_where_a_mapped_file_shrinks();

}  // namespace bertune::cli
