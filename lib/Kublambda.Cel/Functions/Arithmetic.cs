using Kublambda.Cel.Evaluation;

namespace Kublambda.Cel.Functions;

/// <summary>Arithmetic; what leaves the range of its type is an error, never a wrapped number.</summary>
internal static class Arithmetic
{
    private static CelError Overflow(string symbol) => new($"the result of '{symbol}' does not fit its type");

    public static CelValue Add(CelValue a, CelValue b, EvalContext context) => (a, b) switch
    {
        (CelInt x, CelInt y) => Int((Int128)x.Value + y.Value, "+"),
        (CelUint x, CelUint y) => Uint((Int128)x.Value + y.Value, "+"),
        (CelDouble x, CelDouble y) => new CelDouble(x.Value + y.Value),
        (CelString x, CelString y) => Concatenate(x, y, context),
        (CelBytes x, CelBytes y) => Concatenate(x, y, context),
        (CelList x, CelList y) => Concatenate(x, y, context),
        (CelTimestamp x, CelDuration y) => x.Add(y.Nanoseconds) ?? (CelValue)Overflow("+"),
        (CelDuration x, CelTimestamp y) => y.Add(x.Nanoseconds) ?? (CelValue)Overflow("+"),
        (CelDuration x, CelDuration y) => Duration((Int128)x.Nanoseconds + y.Nanoseconds, "+"),
        _ => Errors.NoOverload("+", isMember: false, [a, b]),
    };

    public static CelValue Subtract(CelValue a, CelValue b) => (a, b) switch
    {
        (CelInt x, CelInt y) => Int((Int128)x.Value - y.Value, "-"),
        (CelUint x, CelUint y) => Uint((Int128)x.Value - y.Value, "-"),
        (CelDouble x, CelDouble y) => new CelDouble(x.Value - y.Value),
        (CelTimestamp x, CelDuration y) => x.Add(-(Int128)y.Nanoseconds) ?? (CelValue)Overflow("-"),
        (CelTimestamp x, CelTimestamp y) => Duration(x.NanosecondsSinceEpoch - y.NanosecondsSinceEpoch, "-"),
        (CelDuration x, CelDuration y) => Duration((Int128)x.Nanoseconds - y.Nanoseconds, "-"),
        _ => Errors.NoOverload("-", isMember: false, [a, b]),
    };

    public static CelValue Multiply(CelValue a, CelValue b) => (a, b) switch
    {
        (CelInt x, CelInt y) => Int((Int128)x.Value * y.Value, "*"),
        (CelUint x, CelUint y) => (UInt128)x.Value * y.Value is var product && product <= ulong.MaxValue ? new CelUint((ulong)product) : Overflow("*"),
        (CelDouble x, CelDouble y) => new CelDouble(x.Value * y.Value),
        _ => Errors.NoOverload("*", isMember: false, [a, b]),
    };

    public static CelValue Divide(CelValue a, CelValue b) => (a, b) switch
    {
        (CelInt, CelInt { Value: 0 }) or (CelUint, CelUint { Value: 0 }) => new CelError("division by zero"),
        (CelInt x, CelInt y) => Int((Int128)x.Value / y.Value, "/"),
        (CelUint x, CelUint y) => new CelUint(x.Value / y.Value),
        (CelDouble x, CelDouble y) => new CelDouble(x.Value / y.Value),
        _ => Errors.NoOverload("/", isMember: false, [a, b]),
    };

    public static CelValue Remainder(CelValue a, CelValue b) => (a, b) switch
    {
        (CelInt, CelInt { Value: 0 }) or (CelUint, CelUint { Value: 0 }) => new CelError("remainder of a division by zero"),
        (CelInt x, CelInt y) => Int((Int128)x.Value % y.Value, "%"),
        (CelUint x, CelUint y) => new CelUint(x.Value % y.Value),
        _ => Errors.NoOverload("%", isMember: false, [a, b]),
    };

    public static CelValue Negate(CelValue value) => value switch
    {
        CelInt number => Int(-(Int128)number.Value, "-"),
        CelDouble number => new CelDouble(-number.Value),
        _ => Errors.NoOverload("-", isMember: false, [value]),
    };

    public static CelValue Int(Int128 value, string symbol) => value >= long.MinValue && value <= long.MaxValue ? new CelInt((long)value) : Overflow(symbol);

    private static CelValue Uint(Int128 value, string symbol) => value >= 0 && value <= ulong.MaxValue ? new CelUint((ulong)value) : Overflow(symbol);

    private static CelValue Duration(Int128 value, string symbol) => CelDuration.TryCreate(value) ?? (CelValue)Overflow(symbol);

    private static CelString Concatenate(CelString a, CelString b, EvalContext context)
    {
        context.Budget.Charge(((long)a.Value.Length + b.Value.Length) / 10);
        return new CelString(a.Value + b.Value);
    }

    private static CelBytes Concatenate(CelBytes a, CelBytes b, EvalContext context)
    {
        context.Budget.Charge(((long)a.Value.Length + b.Value.Length) / 10);
        return new CelBytes((byte[])[.. a.Value.Span, .. b.Value.Span]);
    }

    private static CelList Concatenate(CelList a, CelList b, EvalContext context)
    {
        if (a.Count == 0) return b;
        if (b.Count == 0) return a;
        context.Budget.Charge((long)a.Count + b.Count);
        return CelList.Of((CelValue[])[.. a, .. b]);
    }
}
