package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// variable is the environment variable that chooses a mutant.
const variable = "CHOSEN_MUTANT"

// span is the lines of a file that a mutant fills.
type span struct {
	file        string
	first, last int
	id          int
}

var complaint = regexp.MustCompile(`(?m)^(\S+\.go):(\d+):`)

// complaints returns the mutants that a compiler's output is about.
func complaints(out []byte, spans []span) map[int]bool {
	bad := map[int]bool{}
	for _, match := range complaint.FindAllSubmatch(out, -1) {
		file := filepath.Base(string(match[1]))
		line, _ := strconv.Atoi(string(match[2]))
		for _, s := range spans {
			if flat(s.file) == file && s.first <= line && line <= s.last {
				bad[s.id] = true
			}
		}
	}
	return bad
}

// switched returns the text of files with the mutants of their functions in them,
// by path, and where the mutants are.
func switched(sources []source, mutants []*mutant) (map[string]string, []span) {
	files, spans := map[string]string{}, []span{}
	for _, s := range sources {
		var own []*mutant
		for _, m := range mutants {
			if m.file == s.path && m.in != nil {
				own = append(own, m)
			}
		}
		text, lines := s.switched(own)
		files[s.path], spans = text, append(spans, lines...)
		files[path.Dir(s.path)+"/chosen_mutant.go"] = fmt.Sprintf(
			"package %s\n\nimport (\n\"os\"\n\"strconv\"\n)\n\nvar chosenMutant, _ = strconv.Atoi(os.Getenv(%q))\n",
			s.file.Name.Name, variable)
	}
	return files, spans
}

// switched returns a file's text with mutants in front of the functions' bodies:
//
//	switch chosenMutant {
//	case 7:
//		return func() (int, error) { the body with mutant 7 }()
//	}
func (s source) switched(mutants []*mutant) (string, []span) {
	var text strings.Builder
	var spans []span
	line := 1
	write := func(parts ...string) {
		for _, part := range parts {
			text.WriteString(part)
			line += strings.Count(part, "\n")
		}
	}
	done := 0
	for i, m := range mutants {
		start, end := s.offset(m.in.Body.Lbrace)+1, s.offset(m.in.Body.Rbrace)
		if done < start {
			write(s.text[done:start], "\nswitch chosenMutant {\n")
			done = start
		}
		before, after := "func() {", "}(); return\n"
		if results := m.in.Type.Results; results != nil {
			before, after = "return func() "+s.of(results)+" {", "}()\n"
		}
		first := line
		write("case ", strconv.Itoa(m.id), ": ", before, s.text[start:m.edit.from], m.edit.text, s.text[m.edit.to:end], after)
		spans = append(spans, span{s.path, first, line - 1, m.id})
		if i+1 == len(mutants) || mutants[i+1].in != m.in {
			write("}\n")
		}
	}
	write(s.text[done:])
	return text.String(), spans
}

// overlay writes files to dir, and the overlay that puts them in the place of
// those of the module.
func overlay(dir string, files map[string]string) error {
	root, err := os.Getwd()
	if err != nil {
		return fmt.Errorf("find the module: %w", err)
	}
	places := map[string]string{}
	for file, text := range files {
		place := filepath.Join(dir, flat(file))
		places[filepath.Join(root, file)] = place
		if err := os.WriteFile(place, []byte(text), 0o600); err != nil {
			return fmt.Errorf("write a mutant: %w", err)
		}
	}
	text, err := json.Marshal(map[string]any{"Replace": places})
	if err != nil {
		return fmt.Errorf("encode the overlay: %w", err)
	}
	if err := os.WriteFile(overlayFile(dir), text, 0o600); err != nil {
		return fmt.Errorf("write the overlay: %w", err)
	}
	return nil
}

func overlayFile(dir string) string { return filepath.Join(dir, "overlay.json") }

func overlayFlag(dir string) string { return "-overlay=" + overlayFile(dir) }
