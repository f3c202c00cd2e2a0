package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sagescale/internal/activity"
	"sagescale/internal/cloudformation"
	"sagescale/internal/config"
	"sagescale/internal/deployment"
	"sagescale/internal/shell"
)

// accountOptions are the flags of the commands that work on an account.
type accountOptions struct {
	where  deployment.Where
	format *string
}

func (o *accountOptions) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.where.Profile, "profile", "", "`name` of the profile in the AWS configuration files, in place of AWS_PROFILE")
	f.StringVar(&o.where.Region, "region", "", "AWS `Region`, in place of AWS_REGION and the profile's")
	o.format = formatFlag(cmd, "text")
}

// place is where the commands work that are shown for the next step: as this one was told.
func (o *accountOptions) place() shell.Place { return shell.Place(o.where) }

// openAccount opens the account; an error says what to do next where something can be done.
func (o *accountOptions) openAccount(ctx context.Context) (deployment.Account, error) {
	a, err := deployment.OpenAccount(ctx, o.where)
	return a, advised(err)
}

// operatorOptions are the flags of the commands that work on a deployment.
type operatorOptions struct{ accountOptions }

func (o *operatorOptions) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.where.Stack, "stack", config.StackName, "`name` of the stack that sagescale was deployed as")
	o.accountOptions.flags(cmd)
}

// open opens the deployment; an error says what to do next where something can be done.
func (o *operatorOptions) open(ctx context.Context) (deployment.Deployment, error) {
	d, err := deployment.Open(ctx, o.where)
	return d, advised(err)
}

// advised says what to do about an error, where something can be done.
func advised(err error) error {
	switch {
	case errors.Is(err, deployment.ErrNoRegion):
		return invalid(errors.New("no Region is set: give --region, or AWS_REGION, or a profile with one"))
	case errors.Is(err, deployment.ErrCredentials):
		return fmt.Errorf("set AWS_PROFILE, give --profile, or log in, as for the AWS CLI: %w", err)
	case errors.Is(err, cloudformation.ErrNoStack):
		return invalid(fmt.Errorf("%w: name it by --stack, or look in another Region by --region", err))
	case errors.Is(err, deployment.ErrNoTable):
		return invalid(fmt.Errorf("%w: it is not one of sagescale's, or of an old version of it", err))
	}
	return err
}

// variantName is an endpoint and one of its variants.
type variantName struct{ endpoint, variant string }

func (n variantName) String() string {
	if n.variant == "" {
		return n.endpoint
	}
	return n.endpoint + "/" + n.variant
}

// overlaps reports whether two names have a variant in common: a name without one is that
// of all variants of its endpoint.
func (n variantName) overlaps(other variantName) bool {
	whole := n.variant == "" || other.variant == ""
	return n.endpoint == other.endpoint && (whole || n.variant == other.variant)
}

// parseVariant reads ENDPOINT/VARIANT. The names are SageMaker's.
func parseVariant(text string) (variantName, error) {
	const name = `[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}`
	if !regexp.MustCompile("^" + name + "/" + name + "$").MatchString(text) {
		return variantName{}, fmt.Errorf("%.140q is not the name of an endpoint, a slash, and that of a variant", text)
	}
	endpoint, variant, _ := strings.Cut(text, "/")
	return variantName{endpoint, variant}, nil
}

// parseTarget reads ENDPOINT or ENDPOINT/VARIANT, or nothing for all targets.
func parseTarget(args []string) (variantName, error) {
	if len(args) == 0 {
		return variantName{}, nil
	}
	if strings.Contains(args[0], "/") {
		return parseVariant(args[0])
	}
	if _, err := parseVariant(args[0] + "/x"); err != nil {
		return variantName{}, fmt.Errorf("%.140q is not the name of an endpoint", args[0])
	}
	return variantName{endpoint: args[0]}, nil
}

// exists says what is wrong with a name that SageMaker does not know: what is set for a
// misspelt one would be heeded by nobody.
func (n variantName) exists(ctx context.Context, d deployment.Deployment) error {
	_, err := n.describe(ctx, d.Account)
	return err
}

// describe asks SageMaker for the endpoint, and says what is wrong with a name that it does
// not know.
func (n variantName) describe(ctx context.Context, a deployment.Account) (activity.Endpoint, error) {
	e, err := a.Endpoints.Describe(ctx, n.endpoint)
	if errors.Is(err, activity.ErrNotFound) {
		return e, invalid(fmt.Errorf("there is no endpoint %s in %s", n.endpoint, a.Region))
	}
	if err == nil {
		err = n.spelled(e)
	}
	if err != nil || n.variant == "" {
		return e, err
	}
	if _, ok := e.Variant(n.variant); ok {
		return e, nil
	}
	return e, invalid(fmt.Errorf("endpoint %s has no variant %s: it has %s", n.endpoint, n.variant, strings.Join(e.VariantNames(), ", ")))
}

// spelled refuses a name that SageMaker takes in another case than it says it: what is
// registered, recorded and set for the endpoint is under the name as SageMaker says it, and
// would not be found.
func (n variantName) spelled(e activity.Endpoint) error {
	if n.endpoint == e.Name {
		return nil
	}
	return invalid(fmt.Errorf("SageMaker calls endpoint %s %s: write the name as it does", n.endpoint, e.Name))
}

// moment shows a time, and how far it is from now.
func moment(at, now time.Time) string {
	left := at.Sub(now).Round(time.Minute)
	return at.UTC().Format("2006-01-02 15:04:05Z") + ", in " + strings.TrimSuffix(left.String(), "0s")
}
