#!/bin/bash -eu
# Builds every fuzz target for OSS-Fuzz, each with its dictionary and its seeds.
cd "$SRC/rdp-probe"
cargo fuzz build --release
for target in $(cargo fuzz list); do
  cp "fuzz/target/x86_64-unknown-linux-gnu/release/$target" "$OUT/"
  cp "fuzz/dictionaries/$target.dict" "$OUT/"
  (cd "fuzz/corpus/$target" && zip --quiet --recurse-paths "$OUT/${target}_seed_corpus.zip" .)
done
