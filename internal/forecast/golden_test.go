package forecast_test

import (
	"math"
	"testing"

	"sagescale/internal/forecast"
)

// chequered is a load with everything in it that is learned of: a daily pattern, noise,
// bursts of up to twenty minutes, and minutes that were not measured.
func chequered(i int) float64 {
	random := func(i int) int { return (i*i*7919 + i*104729 + 12345) % 1009 } // the same on every machine
	load := rhythm(i) * (0.8 + 0.4*float64(random(i))/1009)
	switch burst := i / 20; {
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
// tenth and bursts leave errors of a fifth, the short means are the best, a third of a jump
// is there nine minutes later, errors lie about the bin of none, the 37th, and one of two
// minutes is above what is expected.
func golden() []float64 {
	return []float64{
		// How many minutes, the mean, the error, the misses; jumps: the sum and the weight.
		3156, 1218.4419994190473, 0.20364700356744062, 0.025742653797513077,
		6.73417605046508, 19.419290727646842,
		// The profile and the spreads: sums by place.
		52486.243411052616, 5553.272300659561, 36789.86837441825,
		// The errors of the experts, and the losses of the units.
		0.1981500649894017, 0.20550789869004568, 0.21875478497792392, 0.23064258284597394,
		0.25891719744075803, 0.276725257060448, 0.3109298364516652,
		0.08594950481852916, 0.08378372364808835, 0.0841641731246528,
		// The centres of the errors, by unit and step of the ladder.
		36.91381974145922, 37.08939782120436, 37.274069725930275, 37.55221444778555,
		37.77471777471777, 38.032742032742036, 38.22064422064422, 38.526491526491526,
		36.69375153124234, 36.82359782359782, 36.96471796471796, 37.1996481996482,
		37.405967188065624, 37.641694, 37.872107127892875, 38.22517532447403,
		36.68719868719869, 36.693959306040696, 36.69331069331069, 36.68874437748875,
		36.68115336230672, 36.67496002488007, 36.678660964017105, 36.76402523597476,
		// What is expected, the spread, and the chances of more than that and half as much again.
		1756.6637292642276, 259.00365061797766, 0.4812127976627763, 0.01411533858608338,
		1756.6986518769932, 259.00879963087334, 0.4799747865169359, 0.04371521644984592,
		1756.733492077936, 259.01393649291595, 0.48724129763154445, 0.0824522402652719,
		1288.4292799972116, 179.8032748141223, 0.4788584607458895, 0.014817443080878285,
		1286.8135063185707, 179.57778987421258, 0.4762750436489374, 0.04607223150257825,
		1286.4651048555904, 179.52916964726924, 0.47895689148911413, 0.08701825024981813,
		997.4571887184492, 125.84929841841614, 0.4730332768425557, 0.016406917956112342,
		997.0644555584896, 125.7997472264396, 0.4703418767993309, 0.045279240202284805,
		999.2063614833245, 126.06999176522032, 0.47708499805972465, 0.07675253104882772,
		1390.665461392246, 1237.315200964295, 0.5068617464982221, 0,
		1388.6473737868619, 1237.315200964295, 0.5373959908859811, 0,
		1383.349893822729, 1237.315200964295, 0.6827507119096012, 0,
	}
}
