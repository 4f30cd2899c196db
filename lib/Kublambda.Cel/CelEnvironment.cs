using System.Collections.Immutable;
using Kublambda.Cel.Functions;

namespace Kublambda.Cel;

/// <summary>
/// What expressions may use: variables, functions and limits. Immutable: each <c>With</c> method gives a new environment. Begin with <see cref="Standard"/>.
/// </summary>
public sealed class CelEnvironment
{
    private CelEnvironment(ImmutableDictionary<string, CelKind> variables, FunctionTable functions, string container, CelLimits limits)
    {
        Variables = variables;
        Functions = functions;
        Container = container;
        Limits = limits;
    }

    /// <summary>The standard functions and macros, the extensions (strings, lists, math, sets, encoders, optionals, bindings) and Kubernetes' (lists, regular expressions, quantities); no variables.</summary>
    public static CelEnvironment Standard { get; } =
        new(ImmutableDictionary<string, CelKind>.Empty.WithComparers(StringComparer.Ordinal), FunctionTable.Standard, "", CelLimits.Default);

    /// <summary>The variables by name, with what is known of their values; <see cref="CelKind.Dyn"/> when that is nothing.</summary>
    public IReadOnlyDictionary<string, CelKind> Variables { get; }

    /// <summary>The namespace relative names are looked for in first, such as <c>com.example</c>; empty for none.</summary>
    public string Container { get; }

    /// <summary>What an expression and its evaluation may take.</summary>
    public CelLimits Limits { get; }

    internal FunctionTable Functions { get; }

    private ImmutableDictionary<string, CelKind> VariableTable => (ImmutableDictionary<string, CelKind>)Variables;

    /// <summary>Declares a variable; the name may be dotted.</summary>
    public CelEnvironment WithVariable(string name, CelKind kind = CelKind.Dyn) => new(VariableTable.SetItem(name, kind), Functions, Container, Limits);

    /// <summary>Declares variables whose kind is not known.</summary>
    public CelEnvironment WithVariables(params ReadOnlySpan<string> names)
    {
        var variables = VariableTable;
        foreach (var name in names) variables = variables.SetItem(name, CelKind.Dyn);
        return new(variables, Functions, Container, Limits);
    }

    /// <exception cref="ArgumentException">It overlaps with a function that is there already.</exception>
    public CelEnvironment WithFunction(CelFunction function) => new(VariableTable, Functions.With(function.ToOverload()), Container, Limits);

    /// <summary>The namespace relative names are looked for in first; see <see cref="Container"/>.</summary>
    public CelEnvironment WithContainer(string container) => new(VariableTable, Functions, container, Limits);

    /// <summary>Other limits than <see cref="CelLimits.Default"/>.</summary>
    public CelEnvironment WithLimits(CelLimits limits) => new(VariableTable, Functions, Container, limits);
}
