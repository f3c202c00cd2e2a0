package main

import (
	"encoding/json"
	"errors"

	"github.com/spf13/cobra"

	"sagescale/internal/activity"
	"sagescale/internal/guard"
	"sagescale/internal/plain"
	"sagescale/internal/report"
	"sagescale/internal/scaling"
)

func decideCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "decide [CASE]",
		Short: "Make one decision offline and explain it",
		Long: `Make one decision offline, by the code that the functions run, and explain it.

CASE is a JSON file, or standard input when it is left out or "-": the time, the
policy of one target (fields as in the policy file), what was observed, the
target's activities so far, and the override in force, if any. desiredCapacity in
the answer is what the target would be set to now, the present one when nothing
would be done. With --explain it says in words what was seen, which rule moved the
capacity, and what held it back.`,
		Example: `  sagescale decide --explain case.json
  sagescale decide <<'CASE'
  {"now": "2026-11-23T10:00:00Z",
   "policy": {"endpoint": "chat-llm", "variant": "AllTraffic",
              "minCapacity": 1, "maxCapacity": 20, "targetTracking": [
                {"metric": "InvocationsPerInstance", "targetValue": 100,
                 "scaleOut": {"datapoints": 1, "periods": 1}}]},
   "observation": {"status": "InService",
     "currentCapacity": 10, "desiredCapacity": 10, "metrics": [
       {"metric": "InvocationsPerInstance", "datapoints": [
         {"time": "2026-11-23T09:59:00Z", "value": 150}]}]},
   "activities": []}
  CASE`,
		Args: usage(cobra.MaximumNArgs(1)),
	}
	format := formatFlag(cmd, "json")
	inWords := cmd.Flags().Bool("explain", false, "say it in words, as --format text does")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := checkFormat(*format); err != nil {
			return err
		}
		if *inWords && cmd.Flags().Changed("format") && *format != "text" {
			return invalid(errors.New("--explain is --format text: leave one of them out"))
		}
		name, text, err := readCase(cmd.InOrStdin(), args)
		if err != nil {
			return err
		}
		in, err := parseCase(name, text)
		if err != nil {
			return err
		}
		d := guard.Check(in, scaling.Decide(in), activity.Backoffs{})
		if *inWords || *format == "text" {
			return report.Decision(cmd.OutOrStdout(), in, d)
		}
		encoder := json.NewEncoder(plain.JSON(cmd.OutOrStdout()))
		encoder.SetIndent("", "  ")
		return encoder.Encode(d)
	}
	return cmd
}
