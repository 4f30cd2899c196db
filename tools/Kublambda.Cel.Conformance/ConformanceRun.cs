using System.Text.Json;

namespace Kublambda.Cel.Conformance;

public enum Outcome
{
    Passed,
    Failed,
    Skipped,
}

/// <summary>How a case went; <paramref name="Detail"/> says what was got instead when it failed.</summary>
public sealed record CaseResult(ConformanceCase Case, Outcome Outcome, string Detail);

/// <summary>
/// Runs a case as the official runners do: parsed and evaluated without the checker, as cases may use names that are not bound.
/// Where an error is wanted and evaluation gives a value, the checker may still refuse the expression.
/// </summary>
public static class ConformanceRun
{
    public static CaseResult Of(ConformanceCase test)
    {
        Dictionary<string, object?> bindings;
        CelValue? expected;
        try
        {
            bindings = Bindings(test.Bindings);
            expected = test.Value is { } value ? CaseValue.Read(value) : null;
        }
        catch (NotSupportedException unknown)
        {
            return new(test, Outcome.Skipped, unknown.Message);
        }

        try
        {
            var environment = CelEnvironment.Standard.WithContainer(test.Container);
            var actual = CelProgram.CompileUnchecked(test.Expression, environment).Evaluate(bindings);
            return expected is null ? Refused(test, environment, bindings.Keys, actual) : Compared(test, expected, actual);
        }
        catch (CelException problem)
        {
            return expected is null ? new(test, Outcome.Passed, "") : new(test, Outcome.Failed, $"wanted {expected}, got {problem.Message}");
        }
    }

    private static Dictionary<string, object?> Bindings(JsonElement json) =>
        json.ValueKind == JsonValueKind.Object ? json.EnumerateObject().ToDictionary(binding => binding.Name, object? (binding) => CaseValue.Read(binding.Value)) : [];

    private static CaseResult Compared(ConformanceCase test, CelValue expected, CelValue actual) =>
        CaseValue.Same(expected, actual) ? new(test, Outcome.Passed, "") : new(test, Outcome.Failed, $"wanted {expected} ({expected.TypeName}), got {actual} ({actual.TypeName})");

    private static CaseResult Refused(ConformanceCase test, CelEnvironment environment, IEnumerable<string> names, CelValue actual)
    {
        try
        {
            CelProgram.Compile(test.Expression, environment.WithVariables([.. names]));
            return new(test, Outcome.Failed, $"wanted an error, got {actual}");
        }
        catch (CelException)
        {
            return new(test, Outcome.Passed, "");
        }
    }
}
