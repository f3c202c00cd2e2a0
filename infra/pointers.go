package main

import (
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

// The CDK takes every value by pointer, nil meaning absent.

func text(s string) *string { return jsii.String(s) }

func texts(s ...string) *[]*string { return jsii.Strings(s...) }

func number(n int) *float64 { return jsii.Number(n) }

func seconds(d time.Duration) *float64 { return jsii.Number(d.Seconds()) }

func duration(d time.Duration) awscdk.Duration { return awscdk.Duration_Seconds(seconds(d)) }
