namespace Kublambda.Cel.Values;

/// <summary>Comparison of numbers of different types, and range-checked conversion.</summary>
internal static class Numbers
{
    private const double TwoTo63 = 9_223_372_036_854_775_808.0;
    private const double TwoTo64 = 18_446_744_073_709_551_616.0;

    /// <summary>Negative, zero or positive; null when a side is not a number (NaN).</summary>
    public static int? Compare(CelValue a, CelValue b) => (a, b) switch
    {
        (CelInt x, CelInt y) => x.Value.CompareTo(y.Value),
        (CelUint x, CelUint y) => x.Value.CompareTo(y.Value),
        (CelDouble x, CelDouble y) => Compare(x.Value, y.Value),
        (CelInt x, CelUint y) => x.Value < 0 ? -1 : ((ulong)x.Value).CompareTo(y.Value),
        (CelUint x, CelInt y) => y.Value < 0 ? 1 : x.Value.CompareTo((ulong)y.Value),
        (CelInt x, CelDouble y) => Compare(x.Value, y.Value),
        (CelDouble x, CelInt y) => -Compare(y.Value, x.Value),
        (CelUint x, CelDouble y) => Compare(x.Value, y.Value),
        (CelDouble x, CelUint y) => -Compare(y.Value, x.Value),
        _ => null,
    };

    /// <summary>Truncates toward zero; null outside the open range of int64, as the reference implementation has it.</summary>
    public static long? ToInt(double value) => value is > -TwoTo63 and < TwoTo63 ? (long)value : null;

    /// <summary>Truncates toward zero; null when negative or past uint64.</summary>
    public static ulong? ToUint(double value) => value is >= 0 and < TwoTo64 ? (ulong)value : null;

    private static int? Compare(double a, double b) => double.IsNaN(a) || double.IsNaN(b) ? null : a == b ? 0 : a.CompareTo(b);

    // As the reference implementation does: outside the integer's range the answer is known, inside it the integer is compared as a double.
    private static int? Compare(long a, double b)
    {
        if (double.IsNaN(b)) return null;
        if (b < -TwoTo63) return 1;
        return b > TwoTo63 ? -1 : ((double)a).CompareTo(b);
    }

    private static int? Compare(ulong a, double b)
    {
        if (double.IsNaN(b)) return null;
        if (b < 0) return 1;
        return b > TwoTo64 ? -1 : ((double)a).CompareTo(b);
    }
}
