package bundle

import (
	"fmt"
	"runtime"
)

// Architecture is a processor architecture by the name that Lambda gives it.
type Architecture string

// The architectures of Lambda. ARM64 is the cheaper one; X8664 is for local
// accounts that run the functions on the machine's own processor.
const (
	ARM64 Architecture = "arm64"
	X8664 Architecture = "x86_64"
)

// ParseArchitecture returns the architecture of that name.
func ParseArchitecture(name string) (Architecture, error) {
	switch a := Architecture(name); a {
	case ARM64, X8664:
		return a, nil
	}
	return "", fmt.Errorf("%q is not one of %s, %s", name, ARM64, X8664)
}

// Local returns the architecture of this machine.
func Local() Architecture {
	if runtime.GOARCH == "arm64" {
		return ARM64
	}
	return X8664
}

// goarch is the architecture by the name that Go gives it.
func (a Architecture) goarch() string {
	if a == X8664 {
		return "amd64"
	}
	return string(a)
}
