package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"sagescale/internal/doctor"
	"sagescale/internal/plain"
)

// Examination writes what an examination found as text of less than 80 columns, what
// matters most first. What is well is counted, or listed if all is to be told.
func Examination(w io.Writer, r doctor.Report, all bool) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n", header(r), tally(r.Summary))
	for _, f := range r.Findings {
		if f.Level == doctor.OK {
			continue
		}
		b.WriteString("\n" + strings.ToUpper(string(f.Level)) + "  " + subject(f) + "\n")
		b.WriteString(wrap(f.What, "  "))
		labelled(&b, "why", f.Why)
		labelled(&b, "do", f.Do)
		if f.Command != "" {
			b.WriteString(commandLines(f.Command, "        "))
		}
	}
	if r.Summary.OK > 0 {
		b.WriteString("\n" + well(r, all))
	}
	_, err := io.WriteString(w, plain.Text(b.String()))
	return err
}

// header says what was examined, where and by whom.
func header(r doctor.Report) string {
	text := fmt.Sprintf("Stack %s in %s, account %s, seen at %s by %s", r.Stack, r.Region, cmp.Or(r.Account, "unknown"),
		r.Time.Format("2006-01-02 15:04:05Z"), cmp.Or(r.Caller, "unknown"))
	return strings.TrimSuffix(wrap(text, ""), "\n")
}

// tally counts findings in words.
func tally(s doctor.Summary) string {
	var parts []string
	for _, l := range doctor.Levels() {
		n := s.Count(l)
		name := string(l)
		if n != 1 && (l == doctor.Problem || l == doctor.Warning || l == doctor.Note) {
			name += "s"
		}
		if n > 0 || l == doctor.Problem {
			parts = append(parts, fmt.Sprintf("%d %s", n, name))
		}
	}
	return strings.Join(parts, ", ")
}

// subject says what a finding is about.
func subject(f doctor.Finding) string {
	if f.Target == "" {
		return f.Check
	}
	return f.Check + ": " + f.Target
}

// labelled writes a text behind a word that says what it is.
func labelled(b *strings.Builder, label, text string) {
	if text == "" {
		return
	}
	lines := wrap(text, "        ")
	fmt.Fprintf(b, "  %-6s%s", label, lines[len("        "):])
}

// commandLines writes a command so that it can be pasted: what does not fit a line goes on
// in the next one, as a shell takes it, best with an option.
func commandLines(text, indent string) string {
	const goesOn = ` \`
	var b strings.Builder
	column := 0
	for i, part := range strings.Split(text, " --") {
		word := part
		if i > 0 {
			word = "--" + part
		}
		width := utf8.RuneCountInString(word)
		switch {
		case column == 0:
			b.WriteString(indent)
			column = len(indent)
		case column+1+width+len(goesOn) > lineWidth:
			b.WriteString(goesOn + "\n" + indent + "  ")
			column = len(indent) + len("  ")
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += width
	}
	return b.String() + "\n"
}

// well tells what is well.
func well(r doctor.Report, all bool) string {
	if !all {
		return wrap(fmt.Sprintf("%d checks found nothing amiss; --verbose lists them.", r.Summary.OK), "")
	}
	var b strings.Builder
	for _, f := range r.Findings {
		if f.Level == doctor.OK {
			lines := wrap(f.What, "    ")
			b.WriteString("ok  " + lines[len("    "):])
		}
	}
	return b.String()
}
