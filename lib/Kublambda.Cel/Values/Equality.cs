using System.Runtime.CompilerServices;
using Kublambda.Cel.Evaluation;

namespace Kublambda.Cel.Values;

/// <summary>CEL's equality: numbers across types, lists and maps element by element, other different types unequal.</summary>
internal static class Equality
{
    /// <param name="a">One side.</param>
    /// <param name="b">The other.</param>
    /// <param name="budget">Charged for what is compared: a small expression can make a value that is exponentially large when walked.</param>
    public static bool AreEqual(CelValue a, CelValue b, Budget? budget)
    {
        if (KindNames.IsNumeric(a.Kind) && KindNames.IsNumeric(b.Kind)) return Numbers.Compare(a, b) == 0;
        if (a.Kind != b.Kind) return false;
        return (a, b) switch
        {
            (CelBool x, CelBool y) => x.Value == y.Value,
            (CelString x, CelString y) => SameText(x.Value, y.Value, budget),
            (CelBytes x, CelBytes y) => SameBytes(x.Value.Span, y.Value.Span, budget),
            (CelTimestamp x, CelTimestamp y) => x.Seconds == y.Seconds && x.Nanos == y.Nanos,
            (CelDuration x, CelDuration y) => x.Nanoseconds == y.Nanoseconds,
            (CelType x, CelType y) => x.Name == y.Name,
            (CelOptional x, CelOptional y) => SameOptional(x, y, budget),
            (CelList x, CelList y) => SameList(x, y, budget),
            (CelMap x, CelMap y) => SameMap(x, y, budget),
            (CelOpaque x, CelOpaque y) => x.SameAs(y),
            _ => a.Kind == CelKind.Null,
        };
    }

    private static bool SameText(string a, string b, Budget? budget)
    {
        if (a.Length != b.Length) return false;
        budget?.Charge(a.Length / 10);
        return string.Equals(a, b, StringComparison.Ordinal);
    }

    private static bool SameBytes(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, Budget? budget)
    {
        if (a.Length != b.Length) return false;
        budget?.Charge(a.Length / 10);
        return a.SequenceEqual(b);
    }

    private static bool SameOptional(CelOptional a, CelOptional b, Budget? budget)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        return a.Value is null || b.Value is null ? ReferenceEquals(a.Value, b.Value) : AreEqual(a.Value, b.Value, budget);
    }

    private static bool SameList(CelList a, CelList b, Budget? budget)
    {
        if (a.Count != b.Count) return false;
        RuntimeHelpers.EnsureSufficientExecutionStack();
        for (var i = 0; i < a.Count; i++)
        {
            budget?.Charge(1);
            if (!AreEqual(a[i], b[i], budget)) return false;
        }

        return true;
    }

    private static bool SameMap(CelMap a, CelMap b, Budget? budget)
    {
        if (a.Count != b.Count) return false;
        RuntimeHelpers.EnsureSufficientExecutionStack();
        foreach (var (key, value) in a)
        {
            budget?.Charge(1);
            budget?.ChargeKey(key);
            if (!b.TryGetValue(key, out var other) || !AreEqual(value, other, budget)) return false;
        }

        return true;
    }
}

/// <summary>Keys of maps: equal numbers of different types are one key.</summary>
internal sealed class KeyComparer : IEqualityComparer<CelValue>
{
    public static KeyComparer Instance { get; } = new();

    public bool Equals(CelValue? x, CelValue? y) => ReferenceEquals(x, y) || (x is not null && y is not null && Equality.AreEqual(x, y, budget: null));

    public int GetHashCode(CelValue obj) => obj switch
    {
        CelInt number => number.Value.GetHashCode(),
        CelUint number => number.Value <= long.MaxValue ? ((long)number.Value).GetHashCode() : ((double)number.Value).GetHashCode(),
        CelDouble number => number.Value is >= -9.2e18 and <= 9.2e18 && Math.Truncate(number.Value) == number.Value
            ? ((long)number.Value).GetHashCode()
            : number.Value.GetHashCode(),
        CelString text => string.GetHashCode(text.Value, StringComparison.Ordinal),
        CelBool flag => flag.Value ? 1 : 2,
        CelBytes bytes => bytes.Value.Length,
        CelList list => list.Count,
        CelMap map => map.Count,
        CelTimestamp time => HashCode.Combine(time.Seconds, time.Nanos),
        CelDuration span => span.Nanoseconds.GetHashCode(),
        CelType type => string.GetHashCode(type.Name, StringComparison.Ordinal),
        CelOpaque opaque => opaque.Hash(),
        _ => (int)obj.Kind,
    };
}
