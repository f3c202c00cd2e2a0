// Package shell writes command lines that a person may paste into a shell.
package shell

import (
	"strings"

	"sagescale/internal/config"
)

// Place is where a person works, as flags say it. What is empty is left to the environment
// of the shell; an empty Stack is the one that a deployment has by default.
type Place struct{ Stack, Profile, Region string }

// Flags returns what makes a command of a tool, sagescale or aws, one on this place: flags
// with their values, or nothing where the tool works there by itself.
func (p Place) Flags(tool string) string {
	var words []string
	add := func(flag, value string) {
		if value != "" {
			words = append(words, flag, value)
		}
	}
	switch tool {
	case "sagescale":
		if p.Stack != config.StackName {
			add("--stack", p.Stack)
		}
	case "aws":
	default:
		return ""
	}
	add("--profile", p.Profile)
	add("--region", p.Region)
	return Line(words...)
}

// Put returns a command line with the flags of this place.
func (p Place) Put(line string) string {
	tool, _, _ := strings.Cut(line, " ")
	if flags := p.Flags(tool); flags != "" {
		return line + " " + flags
	}
	return line
}

// Line returns the command line of words.
func Line(words ...string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = quote(w)
	}
	return strings.Join(quoted, " ")
}

// quote keeps a shell from making anything of a word.
func quote(word string) string {
	plainly := func(r rune) bool {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		return letter || strings.ContainsRune("-_./:=,@", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plainly(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
