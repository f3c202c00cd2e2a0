package scaling

import (
	"strconv"
)

// number writes a measurement with six digits, more than a metric has.
func number(v float64) string {
	short, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 6, 64), 64)
	if err != nil {
		return "beyond measure"
	}
	return strconv.FormatFloat(short, 'f', -1, 64)
}

// rounded leaves a number that is estimated four digits.
func rounded(v float64) float64 {
	short, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 4, 64), 64)
	if err != nil {
		return v
	}
	return short
}
