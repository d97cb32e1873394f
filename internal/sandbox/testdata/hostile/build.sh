#!/bin/sh
# Builds the hostile guests from the sources beside it, with wabt, clang 14 and binaryen 108
# (which clang runs if it is there).
set -e
cd "$(dirname "$0")"
for source in *.wat; do
	wat2wasm "$source" -o "${source%.wat}.wasm"
done
for source in *.c; do
	clang-14 --target=wasm32 -std=c11 -O2 -ffreestanding -fno-builtin -nostdlib -Wall -Wextra -Werror \
		-Wl,--no-entry,--strip-all,--stack-first,-z,stack-size=16384 -o "${source%.c}.wasm" "$source"
done
