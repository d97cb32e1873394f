#!/bin/sh
# Builds the C kernels, each exporting run(n). Reproducible with clang and lld 14.
set -e
cd "$(dirname "$0")"
for source in *.c; do
	clang-14 --target=wasm32 -O2 -msimd128 -ffreestanding -fno-builtin -c -o kernel.o "$source"
	wasm-ld-14 --no-entry --export=run --strip-all -o "${source%.c}.wasm" kernel.o
done
rm kernel.o
