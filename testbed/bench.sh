#!/usr/bin/env bash
# Runs the benchmarks, all or the named ones; each prints lines "metric NAME VALUE UNIT".
set -euo pipefail
for bench in ${*:-route journal room calls}; do
	if [ ! -d "testbed/bench/$bench" ]; then
		echo "no benchmark is called $bench; there are: $(ls testbed/bench | paste -sd ' ')" >&2
		exit 2
	fi
	go run "./testbed/bench/$bench"
done
