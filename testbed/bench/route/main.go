// Command route measures one routing decision: it runs the benchmarks of package acd and prints them as metrics. Each is
// the median of five, so that a busy moment of the machine does not count.
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
)

var result = regexp.MustCompile(`^Benchmark(Route\w*?)(?:-\d+)?\s+\d+\s+([\d.]+) ns/op(?:\s+\d+ B/op\s+(\d+) allocs/op)?`)

func main() {
	run := exec.Command("go", "test", "-run", "^$", "-bench", "^BenchmarkRoute", "-count", "5", "-benchtime", "300ms", "./acd")
	run.Stderr = os.Stderr
	out, err := run.Output()
	if err != nil {
		fmt.Fprintf(os.Stderr, "route: the benchmarks failed: %v\n%s", err, out)
		os.Exit(1)
	}
	ns, allocs := map[string][]float64{}, 0
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Scan() {
		m := result.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		one, err := strconv.ParseFloat(m[2], 64)
		if err != nil {
			fmt.Fprintln(os.Stderr, "route:", err)
			os.Exit(1)
		}
		ns[m[1]] = append(ns[m[1]], one)
		if m[3] != "" {
			n, _ := strconv.Atoi(m[3])
			allocs = max(allocs, n)
		}
	}
	for _, name := range []string{"Route", "RouteNaive", "RouteMask"} {
		if len(ns[name]) == 0 {
			fmt.Fprintf(os.Stderr, "route: no result for %s in:\n%s", name, out)
			os.Exit(1)
		}
		slices.Sort(ns[name])
	}
	median := func(name string) float64 { return ns[name][len(ns[name])/2] }
	fmt.Printf("metric route_ns %.0f ns\n", median("Route"))
	fmt.Printf("metric route_allocs %d allocs\n", allocs)
	fmt.Printf("metric route_naive_ns %.0f ns\n", median("RouteNaive"))
	fmt.Printf("metric route_mask_ns %.0f ns\n", median("RouteMask"))
	fmt.Printf("metric route_speedup %.0f times\n", median("RouteNaive")/median("Route"))
	fmt.Printf("metric route_speedup_mask %.1f times\n", median("RouteMask")/median("Route"))
}
