#!/bin/sh
# Makes the plate model from the photographs and the renderer: sh models/training/reader/train.sh DATA WORK [SEED]
# DATA is the folder with labels.csv, WORK a folder for pages and checkpoints. Some 75 minutes on two cores.
# Debian: python3-torch python3-opencv python3-pil tesseract-ocr libopenblas0-pthread and the renderer's fonts.
set -eu
data=$(realpath "$1")
mkdir -p "$2/lines"
work=$(realpath "$2")
seed=${3:-1}
cd "$(dirname "$0")/../../.."
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
python=/usr/bin/python3

# pages NAME FIRST LAST PHOTOGRAPHS LEVEL: pages of 3,000 lines, by seed
pages() {
  for page in $(seq "$2" "$3"); do
    [ -e "$work/lines/$1-$page.lstmf" ] || $python -m models.training.reader.make_lines --data "$data" \
      --out "$work/lines/$1-$page.lstmf" --seed "$page" --count 3000 --photographs "$4" --level "$5"
  done
}
# learn PATTERN STEPS RATE SEED
learn() {
  $python -m models.training.reader.train_network --data "$data" --lines "$work/lines/$1.lstmf" \
    --template "$work/empty" --out "$work" --steps "$2" --rate "$3" --seed "$4"
}

pages clean 401 401 0.2 0
pages easy 101 103 0.35 0.5
pages mid 201 206 0.4 0.8
pages hard 301 310 0.45 1
pages real 501 510 0.6 1
$python -m models.training.reader.tesseract_model empty --template "$work/empty"
learn '[ce]*' 1500 0.003 "$seed"  # the easy ones first: CTC learns nothing for long when it begins with all
learn '*' 7500 0.002 "$((seed + 1))"
$python -m models.training.reader.tesseract_model fill --template "$work/empty" --weights "$work/network.pt" \
  --version 0.2.0 --out "$work/plate-reader"
