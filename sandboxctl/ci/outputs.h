/* outputs.h - a verdict in the formats of others.
 *
 * What it is: one writer per format. Each escapes as its format says: what a finding holds are the
 * words of programs under test.
 * What it must not do: decide. What fails is the verdict's business.
 */
#ifndef CI_OUTPUTS_H
#define CI_OUTPUTS_H

#include "findings.h"

#include <stdio.h>

typedef void (*output_function)(const struct findings *findings, FILE *out);

void write_summary(const struct findings *findings, FILE *out); /* for people */
void write_json(const struct findings *findings, FILE *out);
void write_junit(const struct findings *findings, FILE *out);
void write_tap(const struct findings *findings, FILE *out);
void write_sarif(const struct findings *findings, FILE *out);
void write_github(const struct findings *findings, FILE *out);

#endif
