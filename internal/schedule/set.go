package schedule

import "math/bits"

// direction is where a search goes in time.
type direction int

const (
	forward  direction = 1
	backward direction = -1
)

// edge is the number at which a search in this direction starts a new round:
// the lowest, or one above all that are used.
func (d direction) edge() int {
	if d == forward {
		return 0
	}
	return 1 << 20
}

// set holds numbers from 0 to 255. It is comparable, so expressions are.
type set [4]uint64

// with returns the set with n added; n must be in 0-255.
func (s set) with(n int) set {
	s[n/64] |= 1 << (n % 64)
	return s
}

// has reports whether n, which must not be negative, is in the set.
func (s set) has(n int) bool {
	return n < 64*len(s) && s[n/64]&(1<<(n%64)) != 0
}

// below returns the members less than n.
func (s set) below(n int) set {
	var kept set
	for m, ok := s.seek(0, forward); ok && m < n; m, ok = s.seek(m+1, forward) {
		kept = kept.with(m)
	}
	return kept
}

// seek returns the member nearest to n in a direction, n itself included. Only
// backward may n be negative.
func (s set) seek(n int, d direction) (int, bool) {
	if d == forward {
		return s.up(n)
	}
	return s.down(min(n, 64*len(s)-1))
}

func (s set) up(n int) (int, bool) {
	mask := ^uint64(0) << (n % 64)
	for word := n / 64; word < len(s); word++ {
		if found := s[word] & mask; found != 0 {
			return word*64 + bits.TrailingZeros64(found), true
		}
		mask = ^uint64(0)
	}
	return 0, false
}

func (s set) down(n int) (int, bool) {
	if n < 0 {
		return 0, false
	}
	mask := ^uint64(0) >> (63 - n%64)
	for word := n / 64; word >= 0; word-- {
		if found := s[word] & mask; found != 0 {
			return word*64 + bits.Len64(found) - 1, true
		}
		mask = ^uint64(0)
	}
	return 0, false
}

// pair is a set of numbers of two digits: hours and minutes, years and months.
type pair struct {
	high, low set
	base      int // how many low digits make one high digit
}

// seek returns the member nearest to n in a direction, n itself included.
func (p pair) seek(n int, d direction) (int, bool) {
	high, low := n/p.base, n%p.base
	if p.high.has(high) {
		if hit, ok := p.low.seek(low, d); ok {
			return high*p.base + hit, true
		}
	}
	high, ok := p.high.seek(high+int(d), d)
	low, _ = p.low.seek(d.edge(), d)
	return high*p.base + low, ok
}
