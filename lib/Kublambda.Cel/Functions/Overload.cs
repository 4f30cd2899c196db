using Kublambda.Cel.Evaluation;
using Kublambda.Cel.Values;

namespace Kublambda.Cel.Functions;

/// <summary>Computes a call; the arguments are of the declared kinds, and the receiver is the first.</summary>
internal delegate CelValue Implementation(CelValue[] arguments, EvalContext context);

/// <param name="Function">The name, perhaps dotted.</param>
/// <param name="IsMember">Called as <c>receiver.name(...)</c>.</param>
/// <param name="Parameters">What it takes, the receiver first; <see cref="CelKind.Dyn"/> takes anything.</param>
/// <param name="Result">What it gives when it does not fail.</param>
/// <param name="Body">How.</param>
/// <param name="IsVariadic">The last parameter may be repeated.</param>
internal sealed record Overload(string Function, bool IsMember, IReadOnlyList<CelKind> Parameters, CelKind Result, Implementation Body, bool IsVariadic = false)
{
    public bool TakesCount(int count) => count == Parameters.Count || (IsVariadic && count >= Parameters.Count);

    public bool Accepts(CelValue[] arguments)
    {
        for (var i = 0; i < arguments.Length; i++)
        {
            var wanted = Parameter(i);
            if (wanted != CelKind.Dyn && wanted != arguments[i].Kind) return false;
        }

        return true;
    }

    /// <summary>Whether values of these kinds may be accepted, unknown ones included.</summary>
    public bool MayAccept(IReadOnlyList<CelKind> kinds)
    {
        for (var i = 0; i < kinds.Count; i++)
        {
            if (kinds[i] != CelKind.Dyn && Parameter(i) != CelKind.Dyn && kinds[i] != Parameter(i)) return false;
        }

        return true;
    }

    public override string ToString() => Errors.Call(Function, IsMember, Parameters) + (IsVariadic ? "..." : "") + " -> " + KindNames.Short(Result);

    private CelKind Parameter(int index) => Parameters[Math.Min(index, Parameters.Count - 1)];
}
