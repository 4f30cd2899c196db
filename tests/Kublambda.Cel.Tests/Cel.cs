using System.Text.Json;

namespace Kublambda.Cel.Tests;

/// <summary>Short ways to evaluate in tests.</summary>
internal static class Cel
{
    public static IReadOnlyDictionary<string, object?> NoVariables { get; } = new Dictionary<string, object?>();

    /// <summary>The variables of a condition on Kubernetes objects.</summary>
    public static CelEnvironment Conditions { get; } = CelEnvironment.Standard
        .WithVariables("object", "oldObject")
        .WithVariable("event", CelKind.String)
        .WithVariable("count", CelKind.Int);

    public static CelValue Run(string expression, CelLimits? limits = null) =>
        CelProgram.CompileUnchecked(expression, CelEnvironment.Standard.WithLimits(limits ?? CelLimits.Default)).Evaluate(NoVariables, TestContext.Current.CancellationToken);

    public static CelException Fails(string expression, CelLimits? limits = null) => Assert.Throws<CelException>(() => Run(expression, limits));

    public static CelException Refuses(string expression) => Assert.Throws<CelException>(() => CelProgram.Compile(expression, Conditions));

    public static CelValue On(string json, string expression)
    {
        var variables = new Dictionary<string, object?> { ["object"] = JsonSerializer.Deserialize<JsonElement>(json) };
        return CelProgram.Compile(expression, Conditions).Evaluate(variables, TestContext.Current.CancellationToken);
    }
}
