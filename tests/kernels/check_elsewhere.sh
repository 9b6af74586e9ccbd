#!/bin/sh
# Fails where a function that is not of one instruction set's kernels has an instruction that processors without AVX lack.
#   check_elsewhere.sh OBJDUMP PROGRAM
"$1" --disassemble --no-show-raw-insn "$2" | awk '
  /^[0-9a-f]+ <.*>:/ { elsewhere = $0 !~ /7kernels(4avx2|6avx512|11avx512_vnni|11avx512_bf16|3amx)/; functions++; symbol = $0; next }
  /\tv[a-z0-9]+ .*%[xyz]mm/ { if (elsewhere) { print symbol, $0; wrong++ } else kernels++ }
  END { if (functions < 1000 || kernels < 1000) print "this is not the program"; exit wrong > 0 || functions < 1000 || kernels < 1000 }'
