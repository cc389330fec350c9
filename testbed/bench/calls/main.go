package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"
)

// Numbers that lead through contactd and through the native queue.
const (
	numberDirector     = "8001"
	numberDirectorFull = "8002"
	numberQueue        = "9001"
	numberQueueFull    = "9002"
)

func main() {
	long := flag.Duration("long", 30*time.Second, "how long callers arrive in one run")
	rounds := flag.Int("rounds", 3, "runs of each kind; the median counts")
	binary := flag.String("binary", "bin/contactd", "the contactd to measure")
	only := flag.String("only", "", "20, 75 or full; all when empty")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *binary, *only, *rounds, *long); err != nil {
		fmt.Fprintln(os.Stderr, "calls:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, binary, only string, rounds int, long time.Duration) error {
	b, err := newBed(ctx, binary)
	if err != nil {
		return err
	}
	defer b.close()
	failed := 0
	for _, kind := range []struct {
		name            string
		rate            float64
		director, queue string
	}{
		{"20", 20, numberDirector, numberQueue},
		{"75", 75, numberDirector, numberQueue},
		{"full", 20, numberDirectorFull, numberQueueFull},
	} {
		if only != "" && only != kind.name {
			continue
		}
		if err := b.staff(ctx, kind.name == "full"); err != nil {
			return err
		}
		var director, queue []result
		for round := range rounds {
			for _, side := range []struct {
				number string
				to     *[]result
			}{{kind.director, &director}, {kind.queue, &queue}} {
				r := b.load.measure(side.number, kind.rate, long)
				*side.to = append(*side.to, r)
				failed += r.failed
				if len(r.ring) == 0 || kind.name == "full" && len(r.full) == 0 {
					return fmt.Errorf("%s round %d, %s: nothing was measured: %d calls failed %v", kind.name, round+1, side.number, r.failed, r.failures)
				}
				fmt.Fprintf(os.Stderr, "%s round %d, %s: %d calls, %d failed %v, ring p50 %v p95 %v, audio p50 %v p95 %v, full %d p95 %v\n", kind.name, round+1, side.number,
					len(r.ring)+r.failed, r.failed, r.failures, percentile(r.ring, 50), percentile(r.ring, 95), percentile(r.audio, 50), percentile(r.audio, 95), len(r.full), percentile(r.full, 95))
				if err := ctx.Err(); err != nil {
					return err
				}
				if err := b.rest(ctx); err != nil {
					return err
				}
			}
		}
		report(kind.name, director, queue)
	}
	fmt.Printf("metric calls_failed %d calls\n", failed)
	return nil
}

func report(kind string, director, queue []result) {
	ring := func(r result) []time.Duration { return r.ring }
	audio := func(r result) []time.Duration { return r.audio }
	full := func(r result) []time.Duration { return r.full }
	if kind == "full" {
		d, q := median(director, full, 95), median(queue, full, 95)
		fmt.Printf("metric calls_full_p95_ms %.2f ms\n", milliseconds(d))
		fmt.Printf("metric calls_full_queue_p95_ms %.2f ms\n", milliseconds(q))
		fmt.Printf("metric calls_full_ratio_p95 %.3f ratio\n", ratio(d, q))
		return
	}
	for _, p := range []int{50, 95} {
		d, q := median(director, ring, p), median(queue, ring, p)
		fmt.Printf("metric calls_ring_p%d_ms_%s %.2f ms\n", p, kind, milliseconds(d))
		fmt.Printf("metric calls_ring_ratio_p%d_%s %.2f ratio\n", p, kind, ratio(d, q))
		d, q = median(director, audio, p), median(queue, audio, p)
		fmt.Printf("metric calls_audio_p%d_ms_%s %.2f ms\n", p, kind, milliseconds(d))
		fmt.Printf("metric calls_audio_ratio_p%d_%s %.2f ratio\n", p, kind, ratio(d, q))
	}
}

// median over the rounds of a percentile of each.
func median(rounds []result, of func(result) []time.Duration, p int) time.Duration {
	var each []time.Duration
	for _, r := range rounds {
		each = append(each, percentile(of(r), p))
	}
	return percentile(each, 50)
}

func percentile(all []time.Duration, p int) time.Duration {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Clone(all)
	slices.Sort(sorted)
	return sorted[min(len(sorted)-1, len(sorted)*p/100)]
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func ratio(a, b time.Duration) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}
