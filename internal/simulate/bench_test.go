package simulate_test

import (
	"testing"

	"sagescale/internal/trace"
)

func BenchmarkDay(b *testing.B) { benchmarkDays(b, 1) }

func BenchmarkFourteenDays(b *testing.B) { benchmarkDays(b, 14) }

// benchmarkDays simulates days of a load of minutes for one target.
func benchmarkDays(b *testing.B, days int) {
	load := trace.Day(1)
	for range days - 1 {
		load.Requests = append(load.Requests, trace.Day(1).Requests...)
	}
	p := parse(b, onePolicy)
	b.ReportAllocs()
	for b.Loop() {
		run(b, config(p, load))
	}
}
