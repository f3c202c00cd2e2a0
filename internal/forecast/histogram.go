package forecast

import "math"

// bins is how many a histogram has: of errors from -8 to 40 spreads, on a scale that is
// fine around none.
const bins = 96

// The ends of the scale: asinh of -8 and 40.
const low, high = -2.7764722807237177, 4.38203

// Histogram is a distribution of errors, those of old counting less.
type Histogram struct {
	Counts [bins]float64 `json:"c"`
	weight float64       // of the next error
}

// settled returns what is kept of h: counts in millionths of all.
func (h *Histogram) settled() (out Histogram) {
	total := h.total()
	if total == 0 {
		return out
	}
	for i, c := range h.Counts {
		out.Counts[i] = math.Round(1e6 * c / total)
	}
	return out
}

// place is where an error lies on the scale of the bins.
func place(z float64) float64 {
	x := (math.Asinh(z) - low) / (high - low) * bins
	return math.Min(math.Max(x, 0), bins-1e-9)
}

// add counts an error. After keep errors one counts a third of a new one.
func (h *Histogram) add(z, keep float64) {
	// The new ones grow instead of the old ones fading; now and then all are made
	// small again.
	if h.weight == 0 {
		h.weight = 1
	}
	h.Counts[int(place(z))] += h.weight
	h.weight *= 1 + 1/keep
	if h.weight > 1e12 {
		for i := range h.Counts {
			h.Counts[i] /= h.weight
		}
		h.weight = 1
	}
}

// total is what all errors count.
func (h *Histogram) total() float64 {
	sum := 0.0
	for _, c := range h.Counts {
		sum += c
	}
	return sum
}

// exceed returns the share of errors above z.
func (h *Histogram) exceed(z float64) float64 {
	x := place(z)
	i := int(x)
	above := h.Counts[i] * (1 - (x - float64(i)))
	for _, c := range h.Counts[i+1:] {
		above += c
	}
	total := h.total()
	if total == 0 {
		return 0
	}
	return above / total
}

// quantile returns the error that a share of all is above, 0 when there is none.
func (h *Histogram) quantile(share float64) float64 {
	left := share * h.total()
	if left == 0 {
		return 0
	}
	for i := bins - 1; i >= 0; i-- {
		if c := h.Counts[i]; c >= left {
			return math.Sinh(low + (float64(i)+1-left/c)/bins*(high-low))
		} else {
			left -= c
		}
	}
	return math.Sinh(low)
}
