package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// ablation is the scaler with one of its ideas taken out of the code.
type ablation struct {
	title string
	file  string // below the module's root
	change
}

func ablations() []ablation {
	const predict, outlook = "internal/scaling/predict.go", "internal/forecast/outlook.go"
	return []ablation{
		{"No profile of the day", "internal/forecast/season.go", change{"|| math.IsNaN(there) {", "|| m != nil {"}},
		{"The simple forecasts count alike, however far off they were", "internal/forecast/expert.go",
			change{"math.Exp(-sharpness *", "math.Exp(-0 *"}},
		{"Jumps are not followed", outlook, change{"if o.jump == 0 {", "if o.model != nil {"}},
		{"Errors are measured by the spread of the moment alone", "internal/forecast/forecast.go",
			change{"if loss < m.Losses[best] {", "if loss < 0 {"}},
		{"Not the past errors make the headroom: an instance is filled to 70 %", predict,
			change{"sum += p.Exceeded(load)", "if p.Median > 0.7*load {\nsum++\n}"}},
		{"The same to 85 %", predict, change{"sum += p.Exceeded(load)", "if p.Median > 0.85*load {\nsum++\n}"}},
		{"Not planned for one change at a time: no look beyond the provisioning time", predict,
			change{"[]int{v.lead + 1, 2*v.lead + 1}", "[]int{v.lead + 1}"}},
		{"A scale-in is not made with more caution", predict, change{"const patience = 0.5", "const patience = 1"}},
		{"What the last minutes needed is not added", predict, change{"if len(last) == soon &&", "if len(last) > soon &&"}},
	}
}

// apply changes what is there once in a text that a name stands for.
func (c change) apply(name, text string) (string, error) {
	if strings.Count(text, c.old) != 1 {
		return "", fmt.Errorf("%s does not have %q once", name, c.old)
	}
	return strings.Replace(text, c.old, c.new, 1), nil
}

// build compiles the command line without the idea into dir and returns its path.
func (a ablation) build(ctx context.Context, dir string) (string, error) {
	dir, err := os.MkdirTemp(dir, "ablation")
	if err != nil {
		return "", fmt.Errorf("make a folder: %w", err)
	}
	root, err := output(ctx, "go", "list", "-m", "-f", "{{.Dir}}")
	if err != nil {
		return "", err
	}
	file := filepath.Join(strings.TrimSpace(root), filepath.FromSlash(a.file))
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read code: %w", err)
	}
	changed, err := a.apply(a.file, string(text))
	if err != nil {
		return "", err
	}
	replaced, overlay, command := filepath.Join(dir, "changed.go"), filepath.Join(dir, "overlay.json"), filepath.Join(dir, "sagescale")
	replacing, err := json.Marshal(map[string]map[string]string{"Replace": {file: replaced}})
	if err != nil {
		return "", fmt.Errorf("encode the overlay: %w", err)
	}
	for path, text := range map[string][]byte{replaced: []byte(changed), overlay: replacing} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			return "", fmt.Errorf("write the overlay: %w", err)
		}
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-overlay", overlay, "-o", command, "sagescale/cmd/sagescale")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %q: %w: %s", a.title, err, out)
	}
	return command, nil
}
