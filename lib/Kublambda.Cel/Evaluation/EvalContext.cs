using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Kublambda.Cel.Functions;
using Kublambda.Cel.Values;

namespace Kublambda.Cel.Evaluation;

/// <summary>Everything one evaluation changes; a program itself is never changed, so that threads can share it.</summary>
internal sealed class EvalContext(IReadOnlyDictionary<string, object?> variables, IReadOnlyList<string> names, int locals, IReadOnlyDictionary<string, Regex> patterns, Budget budget)
{
    private readonly CelValue?[] _variables = new CelValue?[names.Count];
    private Dictionary<string, Regex>? _patterns;

    public Budget Budget { get; } = budget;

    /// <summary>Variables of macros, by the slot the planner gave them.</summary>
    public CelValue[] Locals { get; } = new CelValue[locals];

    /// <summary>The node being evaluated, for errors that come from below it.</summary>
    public int Position { get; private set; }

    public void Step(int position)
    {
        Position = position;
        RuntimeHelpers.EnsureSufficientExecutionStack();
        Budget.Charge(1);
    }

    /// <summary>A variable by the number of its name; null when it is not bound. Converted once for an evaluation.</summary>
    public CelValue? Variable(int name)
    {
        if (_variables[name] is { } known) return known;
        return variables.TryGetValue(names[name], out var value) ? _variables[name] = ClrConversion.ToCel(value) : null;
    }

    /// <summary>A pattern compiled: with the program when it is a literal, else once for an evaluation.</summary>
    public Regex Pattern(string pattern)
    {
        if (patterns.TryGetValue(pattern, out var compiled)) return compiled;
        _patterns ??= new Dictionary<string, Regex>(StringComparer.Ordinal);
        if (_patterns.TryGetValue(pattern, out var known)) return known;
        Budget.Charge(500 + (10L * pattern.Length));
        var read = Re2Pattern.Read(pattern);
        Budget.Charge(50L * read.Size);
        return _patterns[pattern] = read.Build();
    }
}
