using Kublambda.Cel;

namespace Kublambda.Triggers;

/// <summary>
/// The condition of a resource trigger: a CEL expression that gives a bool. This is the one place that says what it may use:
/// <c>object</c> (the state now; for Deleted the last one), <c>oldObject</c> (the state before; null for Added),
/// <c>event</c> (<c>Added</c>, <c>Modified</c>, <c>Deleted</c>) and <c>lambda</c> (a map with <c>name</c>, <c>namespace</c>, <c>uid</c>, <c>labels</c>, <c>annotations</c>).
/// </summary>
public sealed class TriggerCondition
{
    /// <summary>A condition runs for every event of a kind beside those of others: a tenth of what the library allows.</summary>
    private static readonly CelEnvironment Environment = CelEnvironment.Standard
        .WithVariables("object", "oldObject")
        .WithVariable("event", CelKind.String)
        .WithVariable("lambda", CelKind.Map)
        .WithLimits(CelLimits.Default with { MaxCost = 100_000, Timeout = TimeSpan.FromSeconds(1) });

    private readonly CelProgram _program;

    private TriggerCondition(CelProgram program) => _program = program;

    /// <summary>Parses and checks. Line, column and hint of what is wrong are in the exception and in its message.</summary>
    /// <exception cref="CelException">The text is no expression, uses what is not there, gives no bool, or is too long or nested.</exception>
    public static TriggerCondition Compile(string text) => new(CelProgram.Compile(text, Environment, CelKind.Bool));

    /// <summary>Evaluates. An expression that fails on these values does not match.</summary>
    /// <param name="now"><c>object</c>.</param>
    /// <param name="before"><c>oldObject</c>; null where there was none.</param>
    /// <param name="happened"><c>event</c>.</param>
    /// <param name="lambda"><c>lambda</c>.</param>
    /// <param name="problem">Why it could not be said; null where it could.</param>
    public bool Matches(CelValue now, CelValue? before, TriggerEvent happened, CelValue lambda, out string? problem)
    {
        problem = null;
        var variables = new Dictionary<string, object?>(4, StringComparer.Ordinal)
        {
            ["object"] = now,
            ["oldObject"] = before,
            ["event"] = TriggerEvents.Word(happened),
            ["lambda"] = lambda,
        };
        if (!_program.TryEvaluate(variables, out var value, out var error))
        {
            problem = error.Message;
            return false;
        }

        if (value.ToObject() is bool matches)
            return matches;
        problem = $"1:1: the expression gives {value.TypeName}, not bool";
        return false;
    }
}
