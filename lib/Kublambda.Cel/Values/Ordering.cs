namespace Kublambda.Cel.Values;

/// <summary>The order of <c>&lt;</c> and of <c>sort()</c>.</summary>
internal static class Ordering
{
    public static bool AreComparable(CelKind a, CelKind b) => (KindNames.IsNumeric(a) && KindNames.IsNumeric(b)) || (a == b && IsOrdered(a));

    public static bool IsOrdered(CelKind kind) =>
        KindNames.IsNumeric(kind) || kind is CelKind.Bool or CelKind.String or CelKind.Bytes or CelKind.Timestamp or CelKind.Duration;

    /// <summary>Null when there is no order (a NaN); the kinds must be comparable.</summary>
    public static int? Compare(CelValue a, CelValue b) => (a, b) switch
    {
        (CelBool x, CelBool y) => x.Value.CompareTo(y.Value),
        (CelString x, CelString y) => CompareText(x.Value, y.Value),
        (CelBytes x, CelBytes y) => x.Value.Span.SequenceCompareTo(y.Value.Span),
        (CelTimestamp x, CelTimestamp y) => x.NanosecondsSinceEpoch.CompareTo(y.NanosecondsSinceEpoch),
        (CelDuration x, CelDuration y) => x.Nanoseconds.CompareTo(y.Nanoseconds),
        _ => Numbers.Compare(a, b),
    };

    /// <summary>By code point. UTF-16 order differs: surrogates sort before U+E000 to U+FFFF there.</summary>
    public static int CompareText(string a, string b)
    {
        var length = Math.Min(a.Length, b.Length);
        for (var i = 0; i < length; i++)
        {
            if (a[i] == b[i]) continue;
            return Rank(a[i]).CompareTo(Rank(b[i]));
        }

        return a.Length.CompareTo(b.Length);
    }

    private static int Rank(char unit) => char.IsSurrogate(unit) ? unit + 0x10000 : unit;
}
