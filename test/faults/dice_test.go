package faults

import "time"

// dice draws what happens from a seed and from the name of what is decided, so that
// one decision does not depend on how many others came before it.
type dice uint64

// roll returns a number for a decision: a purpose and what tells it from others of
// that purpose.
func (d dice) roll(purpose string, of ...int) uint64 {
	h := uint64(d) ^ 0x9e3779b97f4a7c15
	for i := range len(purpose) {
		h = mix(h ^ uint64(purpose[i]))
	}
	for _, n := range of {
		h = mix(h ^ uint64(n))
	}
	return mix(h)
}

// mix is the finalizer of SplitMix64 (Steele, Lea and Flood, 2014).
func mix(h uint64) uint64 {
	h += 0x9e3779b97f4a7c15
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

// share returns a number in [0, 1).
func (d dice) share(purpose string, of ...int) float64 {
	return float64(d.roll(purpose, of...)>>11) / (1 << 53)
}

// chance reports whether something of a probability happens.
func (d dice) chance(p float64, purpose string, of ...int) bool { return d.share(purpose, of...) < p }

// pick returns a number in [0, n).
func (d dice) pick(n int, purpose string, of ...int) int {
	return int(d.roll(purpose, of...) % uint64(n))
}

// span returns a duration in [from, to).
func (d dice) span(from, to time.Duration, purpose string, of ...int) time.Duration {
	return from + time.Duration(d.share(purpose, of...)*float64(to-from))
}
