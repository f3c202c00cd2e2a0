package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sagescale/infra/dashboard"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
	"sagescale/internal/whatif"
)

// checkPasted says which of the command lines that people are told to paste are of no
// command that exists, or not as it takes them. Fewer than some are a test that looks
// in the wrong place.
func checkPasted(t *testing.T, lines []string, least int) {
	t.Helper()
	for _, line := range lines {
		if err := parses(line); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
	if len(lines) < least {
		t.Errorf("only %d command lines were found: %q", len(lines), lines)
	}
}

// The commands of every answer that a test holds are commands, those of the doctor's
// findings among them: in the text they stand indented, on a line of their own.
func TestAnswersShowCommandsThatExist(t *testing.T) {
	shown := regexp.MustCompile(`(?m)^(?:\$ | {2,})(sagescale .+)$|"command": "(sagescale [^"]+)"`)
	var lines []string
	for _, dir := range []string{"doctor", "explain", "handover", "history", "plan", "status"} {
		files := 0
		err := filepath.WalkDir(filepath.Join("testdata", dir), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			files++
			for _, m := range shown.FindAllStringSubmatch(read(t, path), -1) {
				lines = append(lines, m[1]+m[2])
			}
			return nil
		})
		if err != nil || files == 0 {
			t.Errorf("%s: %d files, %v", dir, files, err)
		}
	}
	checkPasted(t, lines, 30)
}

// Every command that ends what holds a target is one.
func TestAdviceIsOfCommandsThatExist(t *testing.T) {
	text, err := os.ReadFile("../../internal/scaling/decision.go")
	if err != nil {
		t.Fatal(err)
	}
	codes := regexp.MustCompile(`Code = "(\w+)"`).FindAllStringSubmatch(string(text), -1)
	if len(codes) < 25 {
		t.Fatalf("found %d codes", len(codes))
	}
	var lines []string
	for _, code := range codes {
		for _, wanted := range []int{1, 9} {
			for _, override := range []*policy.Override{nil, {Max: new(4)}} {
				d := scaling.Decision{DesiredCapacity: 4, MinCapacity: 2, MaxCapacity: 6}
				d.Move(scaling.RuleTargetTracking, wanted, "a load")
				d.Hold(scaling.Code(code[1]), 4, "held")
				for _, lift := range whatif.Lifts("chat-llm/AllTraffic", d, override) {
					lines = append(lines, lift.Commands...)
				}
			}
		}
	}
	checkPasted(t, lines, 40)
}

// The commands of the dashboard's text are commands.
func TestDashboardShowsCommandsThatExist(t *testing.T) {
	all, err := dashboard.Deployment{Stack: "team-a", Region: "eu-west-1"}.Dashboards()
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, one := range all {
		for _, m := range regexp.MustCompile("`(sagescale [^`]+)`").FindAllStringSubmatch(one.Body, -1) {
			lines = append(lines, strings.ReplaceAll(m[1], "ENDPOINT/VARIANT", "chat-llm/AllTraffic"))
		}
	}
	checkPasted(t, lines, 2)
}
