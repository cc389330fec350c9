#!/usr/bin/env bash
# Runs tests that need a real Asterisk, real phones or a real browser: one package after the other.
#
#   live-tests.sh [-run PATTERN] PACKAGE…
#
# A test that failed is run once more, alone, and only when no more than two failed: these tests meet the timing of a
# whole machine. What failed first and passed then is printed as UNSTABLE, with its first output, and is a defect to
# mend; what fails twice fails the run. docs/decisions/live-tests.md says why.
set -euo pipefail
: "${CONTACTD_ASTERISK_ROOT:?is not set: without it these tests would be skipped; make flows sets it}"
select=()
if [ "${1:-}" = -run ]; then
	select=(-run "$2")
	shift 2
fi
out=$(mktemp)
trap 'rm -f "$out"' EXIT
status=0
for pkg in $(go list "$@"); do
	if go test -p 1 -count=1 -timeout 25m "${select[@]}" "$pkg" 2>&1 | tee "$out"; then
		continue
	fi
	failed=$(sed -nE 's/^--- FAIL: ([A-Za-z0-9_]+) .*/\1/p' "$out" | sort -u)
	count=$(printf '%s' "$failed" | grep -c . || true)
	if [ "$count" -eq 0 ] || [ "$count" -gt 2 ] || grep -qE '^(panic:|FAIL.*\[build failed\])' "$out"; then
		status=1
		continue
	fi
	echo "again, alone: $failed"
	if go test -p 1 -count=1 -timeout 25m -run "^($(printf '%s' "$failed" | paste -sd '|'))\$" "$pkg"; then
		printf '%s\n' "$failed" | sed "s|^|UNSTABLE: $pkg |; s|\$| failed once and passed when run again|"
	else
		status=1
	fi
done
exit $status
