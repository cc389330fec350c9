// Command room measures the rooms' server. The server is a process of its own on one core, the load is on another:
//
//   - room_cpu_ratio: CPU time per delivered pointer frame, at a fixed rate with nothing conflated, over that of a bare
//     floor server in the same run, which does one read and two writes for each frame and checks nothing;
//   - room_durable_p99_ms: from sending an operation to its arrival at the others, while all rooms are busy;
//   - room_saturation_per_s: frames delivered when more are sent than one core can pass on;
//   - room_idle_kb: anonymous memory of the server per connection that has joined and says nothing.
//
// Lines read "metric NAME VALUE UNIT".
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"time"
)

var (
	serve    = flag.String("serve", "", "be the server: rooms or floor (used by the command itself)")
	rooms    = flag.Int("rooms", 300, "number of rooms, of three participants each")
	rate     = flag.Int("rate", 10, "pointer frames a second of each participant")
	duration = flag.Duration("duration", 6*time.Second, "how long each measurement takes")
	rounds   = flag.Int("rounds", 3, "measurements of rooms and floor, interleaved; the median counts")
	idle     = flag.Int("idle", 900, "rooms that are idle when memory is measured")
	data     = flag.String("data", "", "the server's folder (used by the command itself)")
)

func main() {
	flag.Parse()
	run := measure
	if *serve != "" {
		run = beServer
	}
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "bench room:", err)
		os.Exit(1)
	}
}

func measure(ctx context.Context) error {
	if err := stayOn(1); err != nil {
		return err
	}
	var ours, floor, p99, saturation []float64
	for range *rounds {
		for _, kind := range []string{"floor", "rooms"} {
			r, err := measureServer(ctx, kind)
			if err != nil {
				return fmt.Errorf("%s: %w", kind, err)
			}
			if kind == "floor" {
				floor = append(floor, r.cpu)
				continue
			}
			ours, p99, saturation = append(ours, r.cpu), append(p99, r.p99), append(saturation, r.saturation)
		}
	}
	fmt.Printf("metric room_cpu_us %.2f us/frame\n", median(ours))
	fmt.Printf("metric room_floor_cpu_us %.2f us/frame\n", median(floor))
	fmt.Printf("metric room_cpu_ratio %.2f ratio\n", median(ours)/median(floor))
	fmt.Printf("metric room_durable_p99_ms %.2f ms\n", median(p99))
	fmt.Printf("metric room_saturation_per_s %.0f frames/s\n", median(saturation))
	kb, err := idleMemory(ctx)
	if err != nil {
		return fmt.Errorf("idle: %w", err)
	}
	fmt.Printf("metric room_idle_kb %.1f kB\n", kb)
	return nil
}

type result struct{ cpu, p99, saturation float64 }

func measureServer(ctx context.Context, kind string) (r result, err error) {
	s, err := startServer(ctx, kind, *rooms)
	if err != nil {
		return r, err
	}
	defer s.stop()
	if err := s.join(*rooms); err != nil {
		return r, err
	}
	if r.cpu, err = fixedRate(s); err != nil || kind == "floor" {
		return r, err
	}
	if r.p99, err = durable(s); err != nil {
		return r, err
	}
	r.saturation, err = saturate(s)
	return r, err
}

func median(values []float64) float64 {
	values = slices.Sorted(slices.Values(values))
	return values[len(values)/2]
}
