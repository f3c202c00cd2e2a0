package spelling_test

import (
	"testing"

	"sagescale/internal/spelling"
)

func TestNearest(t *testing.T) {
	known := []string{"until", "for", "format", "from", "instance-capacity", "min", "max"}
	for name, want := range map[string]string{
		"fromat":            "format", // two letters changed places
		"Format":            "format",
		"instance_capacity": "instance-capacity",
		"instancecapactiy":  "instance-capacity",
		"man":               "max", // as near to min: the first by the alphabet
		"untl":              "until",
		"fr":                "for", // a letter too few; from is two away
		"colour":            "",
		"":                  "",
		"formatted":         "",
	} {
		if got, ok := spelling.Nearest(name, known); got != want || ok != (want != "") {
			t.Errorf("Nearest(%q) = %q, %t, want %q", name, got, ok, want)
		}
	}
	if got, ok := spelling.Nearest("a", nil); ok {
		t.Errorf("there is no name, and %q was found", got)
	}
}
