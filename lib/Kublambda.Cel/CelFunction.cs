using Kublambda.Cel.Functions;

namespace Kublambda.Cel;

/// <summary>A function of your own. It must have no effect, be safe to call from many threads, and be quick: it costs <see cref="Cost"/> steps however long it takes.</summary>
/// <param name="Name">As it is called, perhaps with a namespace: <c>isWeekend</c>, <c>team.owner</c>.</param>
/// <param name="Parameters">The kinds of its arguments, for a member function the receiver first.</param>
/// <param name="Result">The kind of its result.</param>
/// <param name="Body">Computes it. An exception becomes an evaluation error with the exception's message.</param>
public sealed record CelFunction(string Name, IReadOnlyList<CelKind> Parameters, CelKind Result, Func<IReadOnlyList<CelValue>, CelValue> Body)
{
    /// <summary>Called as <c>receiver.name(...)</c>.</summary>
    public bool IsMember { get; init; }

    /// <summary>What a call takes from <see cref="CelLimits.MaxCost"/>.</summary>
    public long Cost { get; init; } = 1;

    internal Overload ToOverload() => new(Name, IsMember, Parameters, Result, (arguments, context) =>
    {
        context.Budget.Charge(Cost);
        try
        {
            return Body(arguments) ?? new CelError($"{Name}() gave no value");
        }
        catch (Exception problem) when (problem is not OutOfMemoryException)
        {
            return new CelError($"{Name}() failed: {problem.Message}");
        }
    });
}
