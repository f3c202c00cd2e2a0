package forecast_test

import (
	"math"
	"testing"

	"sagescale/internal/forecast"
)

// chequered is a load with everything in it that is learned of: a daily pattern, noise,
// bursts of up to twenty minutes, minutes that were not measured, and a time without load
// before the first.
func chequered(i int) float64 {
	random := func(i int) int { return (i*i*7919 + i*104729 + 12345) % 1009 } // the same on every machine
	load := rhythm(i) * (0.8 + 0.4*float64(random(i))/1009)
	switch burst := i / 20; {
	case i < 37:
		return 0
	case random(i+17)%41 == 0:
		return math.NaN()
	case random(burst)%9 == 0 && i%20 < 1+random(burst)%20:
		load *= 2 + float64(random(burst+1)%4)
	}
	return load
}

// centre is the mean of errors, in bins.
func centre(h forecast.Histogram) float64 {
	sum, all := 0.0, 0.0
	for i, c := range h.Counts {
		sum, all = sum+float64(i)*c, all+c
	}
	return sum / all
}

// What is learned of a chequered load, and forecast of it, to nine digits: every constant
// has a part in it.
func TestGolden(t *testing.T) {
	loads := minutes(2*day+427, chequered)
	m := learn(loads).Model()
	season, spread, weight := 0.0, 0.0, 0.0
	for i, v := range m.Season {
		season += float64(i) * v
	}
	for l, s := range m.Spread {
		spread, weight = spread+float64(l)*s.Sum, weight+float64(l)*s.Weight
	}
	got := []float64{float64(m.Judged), m.Mean, m.Error, m.Misses, m.Jumps.Sum, m.Jumps.Weight, season, spread, weight}
	got = append(append(got, m.Errors[:]...), m.Losses[:]...)
	for u := range m.Tails {
		for _, h := range m.Tails[u] {
			got = append(got, centre(h))
		}
	}
	for _, n := range []int{2*day + 427, 2*day + 111, day + 700, 150} {
		o := outlook(t, loads[:n])
		for _, ahead := range []int{1, 9, 30} {
			p := o.At(ahead)
			got = append(got, p.Median, p.Spread, p.Exceeded(p.Median), p.Exceeded(1.5*p.Median))
		}
	}
	want := golden()
	if len(got) != len(want) {
		t.Fatalf("there are %d numbers, want %d", len(got), len(want))
	}
	for i, v := range got {
		if !same(v, want[i]) {
			t.Errorf("number %d: %v, want %v", i, v, want[i])
		}
	}
}

// golden is what the numbers of TestGolden are. They are what one would expect: noise of a
// tenth and bursts leave errors of a fifth, the short means are the best, an eighth of the
// minutes is above what one of ten should be, errors lie about the bin of none, the 37th,
// and one of two minutes is above what is expected.
func golden() []float64 {
	return []float64{
		// How many minutes, the mean, the error, the misses; jumps, of which a third stayed.
		3148, 1206.348850206471, 0.20701437087406444, 0.13530444131766597,
		6.802159991031225, 19.475909881701273,
		// The profile and the spreads: sums by place.
		52486.243411052616, 6014.241089858904, 36926.186962019216,
		// The errors of the experts, and the losses of the units.
		0.20395370513170458, 0.21186985722026785, 0.22638580567949662, 0.24070003901926817,
		0.2678751991440369, 0.2839466538962279, 0.320117668508639,
		0.08920698183405561, 0.08876384874743447, 0.08731313787494585,
		// The centres of the errors, by unit and step of the ladder.
		37.02883097116903, 37.23406046812094, 37.423957271871814, 37.713125573748854,
		37.958399124802625, 38.21660021660022, 38.39410621178757, 38.64926564926565,
		36.875023374929874, 37.036444072888145, 37.2120049399753, 37.49825900696397,
		37.71222742445485, 37.98054901945098, 38.167373, 38.4562838251353,
		36.72938, 36.731699, 36.72959427040573, 36.73828273828274,
		36.73269573269573, 36.728339543320914, 36.73243053513893, 36.82739082739083,
		// What is expected, the spread, and the chances of more than that and half as much again.
		1756.1474585302606, 1206.348850206471, 0.5015316589198934, 0.018140592949668424,
		1756.1834943457673, 1206.348850206471, 0.5074427985429041, 0.03804147922165284,
		1756.2147157105467, 1206.348850206471, 0.5090934513436944, 0.04631628004645594,
		1287.161912934717, 1152.5338170656905, 0.5038070497956777, 0.02340571737554543,
		1285.4498545024626, 1152.5338170656905, 0.5080887253457131, 0.04412048621232712,
		1285.083249114281, 1152.5338170656905, 0.5039459093413667, 0.053708189259676874,
		997.0349632868284, 1330.9758621584492, 0.49774943899523105, 0.03955326190683041,
		996.6385509894444, 1330.9758621584492, 0.5032280700694473, 0.06432919264347238,
		998.9828057519728, 1330.9758621584492, 0.4975744562080494, 0.07985017250886876,
		1386.540794949952, 135.6897643379002, 0.5438028168472075, 0,
		1386.5404131137766, 135.68972697061835, 0.5463001566401667, 0,
		1386.5394107938164, 135.68962888150358, 0.6794412936061914, 0,
	}
}
