// The AMX instructions LDTILECFG, TILERELEASE, TILEZERO, TILELOADD, TILESTORED, TDPBF16PS and TDPBSSD (Intel
// 64 and IA-32 Architectures Software Developer's Manual, volume 2). Denormals are not flushed as there, and
// what would be a fault there ends the program here.
#include "kernels/tile_emulator.h"

#include <signal.h>
#include <ucontext.h>

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <cstring>

namespace bertune::kernels::testing {
namespace {

struct Configuration {
  std::uint8_t palette, start_row, reserved[14];
  std::uint16_t bytes_of_row[16];
  std::uint8_t rows[16];
};
static_assert(sizeof(Configuration) == 64);

struct TileData {
  Configuration configuration;  // palette 0: none
  std::uint32_t tile[8][16][16];

  int rows(int t) const { return configuration.rows[t]; }
  int bytes(int t) const { return configuration.bytes_of_row[t]; }
  int columns(int t) const { return bytes(t) / 4; }
  bool usable(int t) const { return configuration.palette == 1 && t < 8 && rows(t) > 0 && bytes(t) > 0; }
};
thread_local TileData state;
std::atomic<int> threads_in_use = 0;

void release() {
  if (state.configuration.palette != 0) --threads_in_use;
  std::memset(&state, 0, sizeof state);
}

enum Prefix { kNone = 0, kF3 = 2, kF2 = 3 };

struct Instruction {
  std::uint8_t opcode;
  int prefix, length;
  int reg, rm, vvvv;  // numbers of registers
  bool in_memory;
  std::uintptr_t address;  // without the index, which is the stride of tiles
  std::intptr_t index;
};

constexpr std::array kGeneralRegisters = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                                          REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                          REG_R12, REG_R13, REG_R14, REG_R15};

// Of those with a VEX prefix of three bytes, map 0F38, W0 and 128 bits: C4, R̄X̄B̄mmmmm, W v̄v̄v̄v̄ L pp, opcode,
// ModRM, SIB, displacement. False: something else.
bool decode(const std::uint8_t* code, const greg_t* registers, Instruction& op) {
  if (code[0] != 0xC4 || (code[1] & 0x1F) != 2 || (code[2] & 0x84) != 0) return false;
  const auto extension = [&](int bit) { return (code[1] >> bit & 1) == 0 ? 8U : 0U; };
  const auto value_of = [&](unsigned number) { return registers[kGeneralRegisters.at(number)]; };
  op.prefix = code[2] & 3;
  op.vvvv = ~code[2] >> 3 & 15;
  op.opcode = code[3];
  const unsigned mod = code[4] >> 6, rm = code[4] & 7;
  op.reg = static_cast<int>((code[4] >> 3 & 7U) + extension(7));
  op.rm = static_cast<int>(rm + extension(5));
  op.length = 5;
  op.in_memory = mod != 3;
  if (!op.in_memory) return true;
  unsigned base = rm;
  if (rm == 4) {
    const unsigned sib = code[op.length++], index = (sib >> 3 & 7) + extension(6);
    base = sib & 7;
    if (index != 4) op.index = value_of(index) << (sib >> 6);
  }
  if (mod == 0 && base == 5) return false;  // no base
  std::int32_t displacement = 0;
  if (mod == 1) displacement = static_cast<std::int8_t>(code[op.length++]);
  if (mod == 2) {
    std::memcpy(&displacement, code + op.length, sizeof displacement);
    op.length += 4;
  }
  op.address = static_cast<std::uintptr_t>(value_of(base + extension(5)) + displacement);
  return true;
}

bool configure(const Instruction& op) {
  release();
  Configuration wanted;
  std::memcpy(&wanted, reinterpret_cast<const void*>(op.address + static_cast<std::uintptr_t>(op.index)),
              sizeof wanted);
  bool valid = wanted.palette == 1;
  for (const std::uint8_t byte : wanted.reserved) valid = valid && byte == 0;
  for (int t = 0; t < 16; ++t) {
    valid = valid && wanted.rows[t] <= (t < 8 ? 16 : 0) && wanted.bytes_of_row[t] <= (t < 8 ? 64 : 0);
  }
  if (!valid) return false;
  state.configuration = wanted;
  ++threads_in_use;
  return true;
}

bool load(const Instruction& op) {
  if (!state.usable(op.reg)) return false;
  std::memset(state.tile[op.reg], 0, sizeof state.tile[op.reg]);
  for (int i = 0; i < state.rows(op.reg); ++i) {
    std::memcpy(state.tile[op.reg][i],
                reinterpret_cast<const void*>(op.address + static_cast<std::uintptr_t>(i * op.index)),
                static_cast<std::size_t>(state.bytes(op.reg)));
  }
  return true;
}

bool store(const Instruction& op) {
  if (!state.usable(op.reg)) return false;
  for (int i = 0; i < state.rows(op.reg); ++i) {
    std::memcpy(reinterpret_cast<void*>(op.address + static_cast<std::uintptr_t>(i * op.index)),
                state.tile[op.reg][i], static_cast<std::size_t>(state.bytes(op.reg)));
  }
  return true;
}

bool can_multiply(const Instruction& op) {
  const int c = op.reg, a = op.rm, b = op.vvvv;
  return state.usable(a) && state.usable(b) && state.usable(c) && a != b && a != c && b != c &&
         state.rows(c) == state.rows(a) && state.columns(c) == state.columns(b) &&
         state.columns(a) == state.rows(b);
}

bool multiply_bytes(const Instruction& op) {
  if (!can_multiply(op)) return false;
  const int c = op.reg, a = op.rm, b = op.vvvv;
  for (int i = 0; i < state.rows(c); ++i) {
    for (int j = 0; j < state.columns(c); ++j) {
      std::int32_t sum = 0;
      for (int p = 0; p < state.columns(a); ++p) {
        for (int shift = 0; shift < 32; shift += 8) {
          const auto byte = [&](std::uint32_t four) { return static_cast<std::int8_t>(four >> shift); };
          sum += byte(state.tile[a][i][p]) * byte(state.tile[b][p][j]);
        }
      }
      state.tile[c][i][j] += static_cast<std::uint32_t>(sum);
    }
  }
  return true;
}

bool multiply(const Instruction& op) {
  if (!can_multiply(op)) return false;
  const int c = op.reg, a = op.rm, b = op.vvvv;
  const auto low = [](std::uint32_t pair) { return std::bit_cast<float>(pair << 16); };
  const auto high = [](std::uint32_t pair) { return std::bit_cast<float>(pair & 0xFFFF0000U); };
  for (int i = 0; i < state.rows(c); ++i) {
    for (int j = 0; j < state.columns(c); ++j) {
      float even = 0, odd = 0;
      for (int p = 0; p < state.columns(a); ++p) {
        even += low(state.tile[a][i][p]) * low(state.tile[b][p][j]);
        odd += high(state.tile[a][i][p]) * high(state.tile[b][p][j]);
      }
      std::uint32_t& sum = state.tile[c][i][j];
      sum = std::bit_cast<std::uint32_t>(std::bit_cast<float>(sum) + (even + odd));
    }
  }
  return true;
}

bool execute(const Instruction& op) {
  if (op.opcode == 0x49 && op.prefix == kNone && op.in_memory) return configure(op);
  if (op.opcode == 0x49 && op.prefix == kNone) {
    release();
    return true;
  }
  if (op.opcode == 0x49 && op.prefix == kF2 && !op.in_memory && state.usable(op.reg)) {
    std::memset(state.tile[op.reg], 0, sizeof state.tile[op.reg]);
    return true;
  }
  if (op.opcode == 0x4B && op.prefix == kF2 && op.in_memory) return load(op);
  if (op.opcode == 0x4B && op.prefix == kF3 && op.in_memory) return store(op);
  if (op.opcode == 0x5C && op.prefix == kF3 && !op.in_memory) return multiply(op);
  if (op.opcode == 0x5E && op.prefix == kF2 && !op.in_memory) return multiply_bytes(op);
  return false;
}

void on_illegal_instruction(int, siginfo_t*, void* context) {
  greg_t* registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  Instruction op{};
  if (decode(reinterpret_cast<const std::uint8_t*>(registers[REG_RIP]), registers, op) && execute(op)) {
    registers[REG_RIP] += op.length;
  } else {
    ::signal(SIGILL, SIG_DFL);  // the instruction runs once more, and ends the program
  }
}

}  // namespace

void emulate_tiles() {
  struct sigaction action {};
  action.sa_sigaction = on_illegal_instruction;
  action.sa_flags = SA_SIGINFO;
  ::sigaction(SIGILL, &action, nullptr);
}

int threads_with_tiles() { return threads_in_use; }

}  // namespace bertune::kernels::testing
