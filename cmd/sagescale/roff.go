package main

import "strings"

// roff writes a manual page, in the macros of man(7). Whatever it is given it shows:
// nothing of it is taken for a request or an escape.
type roff struct{ strings.Builder }

// request writes a request with its quoted arguments.
func (r *roff) request(name string, args ...string) {
	r.WriteString("." + name)
	for _, arg := range args {
		r.WriteString(` "` + escape(arg) + `"`)
	}
	r.WriteString("\n")
}

func (r *roff) title(name string)      { r.request("TH", strings.ToUpper(name), "1", "", "sagescale") }
func (r *roff) section(name string)    { r.request("SH", name) }
func (r *roff) subsection(name string) { r.request("SS", name) }

// text writes lines that are filled.
func (r *roff) text(s string) {
	for line := range strings.Lines(s) {
		line = strings.TrimSpace(line)
		if line != "" {
			r.WriteString(plainStart(escape(line)) + "\n")
		}
	}
}

// prose writes paragraphs. One that is indented stays as it is written.
func (r *roff) prose(s string) {
	for paragraph := range strings.SplitSeq(strings.TrimRight(s, "\n"), "\n\n") {
		if strings.HasPrefix(paragraph, "  ") {
			r.literal(paragraph)
			continue
		}
		r.request("PP")
		r.text(paragraph)
	}
}

// literal writes lines as they are.
func (r *roff) literal(s string) {
	if s == "" {
		return
	}
	r.request("PP")
	r.request("EX")
	for line := range strings.SplitSeq(strings.TrimRight(s, "\n"), "\n") {
		r.WriteString(plainStart(escape(line)) + "\n")
	}
	r.request("EE")
}

// tagged writes a name and, indented below or beside it, what it means.
func (r *roff) tagged(name, meaning string) {
	r.request("TP")
	r.text(name)
	r.text(meaning)
}

// escape writes characters that roff reads otherwise so that it shows them, and can be
// copied from the page.
func escape(s string) string {
	return strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`, `"`, `\(dq`).Replace(s)
}

// plainStart keeps a line that begins as a request does from being one.
func plainStart(line string) string {
	if strings.HasPrefix(line, ".") {
		return `\&` + line
	}
	return line
}
