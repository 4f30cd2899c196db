namespace Kublambda.Cel.Functions;

/// <summary>The bit operations of the math extension.</summary>
internal static class BitFunctions
{
    public static void AddTo(FunctionTable table)
    {
        Both(table, "math.bitAnd", (a, b) => a & b);
        Both(table, "math.bitOr", (a, b) => a | b);
        Both(table, "math.bitXor", (a, b) => a ^ b);
        table.Global("math.bitNot", [CelKind.Int], CelKind.Int, (a, _) => new CelInt(~((CelInt)a[0]).Value));
        table.Global("math.bitNot", [CelKind.Uint], CelKind.Uint, (a, _) => new CelUint(~((CelUint)a[0]).Value));
        Shift(table, "math.bitShiftLeft", (bits, by) => bits << by);
        Shift(table, "math.bitShiftRight", (bits, by) => bits >> by);
    }

    private static void Both(FunctionTable table, string name, Func<ulong, ulong, ulong> compute)
    {
        table.Global(name, [CelKind.Int, CelKind.Int], CelKind.Int, (a, _) => new CelInt((long)compute((ulong)((CelInt)a[0]).Value, (ulong)((CelInt)a[1]).Value)));
        table.Global(name, [CelKind.Uint, CelKind.Uint], CelKind.Uint, (a, _) => new CelUint(compute(((CelUint)a[0]).Value, ((CelUint)a[1]).Value)));
    }

    // Ints are shifted as 64 bits without a sign; by 64 or more nothing is left.
    private static void Shift(FunctionTable table, string name, Func<ulong, int, ulong> compute)
    {
        table.Global(name, [CelKind.Int, CelKind.Int], CelKind.Int, (a, _) => By(a[1], by => new CelInt((long)(by >= 64 ? 0 : compute((ulong)((CelInt)a[0]).Value, by)))));
        table.Global(name, [CelKind.Uint, CelKind.Int], CelKind.Uint, (a, _) => By(a[1], by => new CelUint(by >= 64 ? 0 : compute(((CelUint)a[0]).Value, by))));
    }

    private static CelValue By(CelValue distance, Func<int, CelValue> shift)
    {
        var by = ((CelInt)distance).Value;
        return by < 0 ? new CelError($"a shift by {by}: the distance is not negative") : shift((int)Math.Min(by, 64));
    }
}
