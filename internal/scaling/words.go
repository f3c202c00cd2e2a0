package scaling

import (
	"strconv"
)

// number writes a measurement with six digits, more than a metric has.
func number(v float64) string {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 6, 64), 64)
	if err != nil {
		return "beyond measure"
	}
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}
