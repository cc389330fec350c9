// Command journal measures how many journal entries a second get durably onto the disk, and how long one takes, with
// 1, 64 and 512 writers that each wait for their entry before they write the next. In the same run bbolt's own Batch
// does the same work. Lines read "metric NAME VALUE UNIT".
package main

import (
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"

	"contactd/store"
)

// entrySize is that of a usual step: one input with a few facts.
const entrySize = 200

func main() {
	duration := flag.Duration("duration", 3*time.Second, "how long each of the measurements takes")
	folder := flag.String("dir", "", "folder on the disk to measure; a temporary one when empty")
	flag.Parse()
	if err := run(*duration, *folder); err != nil {
		fmt.Fprintln(os.Stderr, "bench journal:", err)
		os.Exit(1)
	}
}

func run(duration time.Duration, folder string) error {
	folder, err := os.MkdirTemp(folder, "contactd-bench-journal-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	for _, writers := range []int{1, 64, 512} {
		var ours, theirs []result
		for round := range 3 { // one after the other, so that a disk that changes its mind does so to both
			r, err := measureStore(filepath.Join(folder, fmt.Sprintf("store-%d-%d", writers, round)), writers, duration/3)
			if err != nil {
				return err
			}
			ours = append(ours, r)
			if r, err = measureBatch(filepath.Join(folder, fmt.Sprintf("batch-%d-%d", writers, round)), writers, duration/3); err != nil {
				return err
			}
			theirs = append(theirs, r)
		}
		us, them := median(ours), median(theirs)
		fmt.Printf("metric journal_per_s_%d %.0f entries/s\n", writers, us.perSecond)
		fmt.Printf("metric journal_p50_ms_%d %.3f ms\n", writers, us.p50)
		fmt.Printf("metric journal_p99_ms_%d %.3f ms\n", writers, us.p99)
		fmt.Printf("metric journal_batch_per_s_%d %.0f entries/s\n", writers, them.perSecond)
		fmt.Printf("metric journal_vs_batch_%d %.2f ratio\n", writers, us.perSecond/them.perSecond)
	}
	return nil
}

type result struct{ perSecond, p50, p99 float64 }

// median of each figure.
func median(results []result) result {
	pick := func(of func(result) float64) float64 {
		values := make([]float64, len(results))
		for i, r := range results {
			values[i] = of(r)
		}
		slices.Sort(values)
		return values[len(values)/2]
	}
	return result{
		pick(func(r result) float64 { return r.perSecond }),
		pick(func(r result) float64 { return r.p50 }),
		pick(func(r result) float64 { return r.p99 }),
	}
}

func measureStore(path string, writers int, duration time.Duration) (result, error) {
	s, err := store.Open(path, store.Options{})
	if err != nil {
		return result{}, err
	}
	defer s.Close()
	return measure(writers, duration, func(entry []byte) error {
		_, err := s.Append(context.Background(), [][]byte{entry})
		return err
	})
}

// measureBatch is bbolt as it comes, with the same options where there is a choice.
func measureBatch(path string, writers int, duration time.Duration) (result, error) {
	db, err := bolt.Open(path, 0o600, &bolt.Options{NoFreelistSync: true, FreelistType: bolt.FreelistMapType, NoStatistics: true})
	if err != nil {
		return result{}, err
	}
	defer db.Close()
	name := []byte("journal")
	if err := db.Update(func(tx *bolt.Tx) error { _, err := tx.CreateBucket(name); return err }); err != nil {
		return result{}, err
	}
	return measure(writers, duration, func(entry []byte) error {
		return db.Batch(func(tx *bolt.Tx) error {
			bucket := tx.Bucket(name)
			bucket.FillPercent = 1
			seq, err := bucket.NextSequence()
			if err != nil {
				return err
			}
			return bucket.Put(binary.BigEndian.AppendUint64(nil, seq), entry)
		})
	})
}

// measure has so many writers write, one entry after the other, for the duration.
func measure(writers int, duration time.Duration, write func(entry []byte) error) (result, error) {
	var (
		wait   sync.WaitGroup
		mu     sync.Mutex
		took   []time.Duration
		failed error
	)
	begin := time.Now()
	end := begin.Add(duration)
	for range writers {
		wait.Go(func() {
			entry := make([]byte, entrySize)
			var mine []time.Duration
			var err error
			for now := time.Now(); err == nil && now.Before(end); {
				err = write(entry)
				after := time.Now()
				mine = append(mine, after.Sub(now))
				now = after
			}
			mu.Lock()
			defer mu.Unlock()
			took = append(took, mine...)
			if err != nil {
				failed = err
			}
		})
	}
	wait.Wait()
	if failed != nil {
		return result{}, failed
	}
	elapsed := time.Since(begin)
	slices.Sort(took)
	at := func(percent int) float64 {
		return float64(took[(len(took)-1)*percent/100]) / float64(time.Millisecond)
	}
	return result{perSecond: float64(len(took)) / elapsed.Seconds(), p50: at(50), p99: at(99)}, nil
}
