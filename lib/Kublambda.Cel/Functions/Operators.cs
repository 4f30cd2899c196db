using Kublambda.Cel.Evaluation;
using Kublambda.Cel.Values;

namespace Kublambda.Cel.Functions;

/// <summary>Unary and binary operators: what they compute and, for the checker, the kind they give.</summary>
internal static class Operators
{
    public static Operation Binary(string symbol) => symbol switch
    {
        "==" => (a, b, context) => CelBool.Of(Equality.AreEqual(a, b, context.Budget)),
        "!=" => (a, b, context) => CelBool.Of(!Equality.AreEqual(a, b, context.Budget)),
        "<" or "<=" or ">" or ">=" => (a, b, context) => Compare(symbol, a, b, context),
        "in" => In,
        "+" => Arithmetic.Add,
        "-" => (a, b, _) => Arithmetic.Subtract(a, b),
        "*" => (a, b, _) => Arithmetic.Multiply(a, b),
        "/" => (a, b, _) => Arithmetic.Divide(a, b),
        _ => (a, b, _) => Arithmetic.Remainder(a, b),
    };

    public static Func<CelValue, CelValue> Unary(string symbol) => symbol == "!"
        ? value => value is CelBool flag ? CelBool.Of(!flag.Value) : Errors.NoOverload("!", isMember: false, [value])
        : Arithmetic.Negate;

    /// <summary>The kind of the result; null when no operands of these kinds can be computed.</summary>
    public static CelKind? ResultKind(string symbol, CelKind a, CelKind b)
    {
        var isKnown = a != CelKind.Dyn && b != CelKind.Dyn;
        return symbol switch
        {
            "==" or "!=" => !isKnown || MayBeEqual(a, b) ? CelKind.Bool : null,
            "<" or "<=" or ">" or ">=" => !isKnown || Ordering.AreComparable(a, b) ? CelKind.Bool : null,
            "in" => b is CelKind.Dyn or CelKind.List or CelKind.Map ? CelKind.Bool : null,
            _ => isKnown ? ArithmeticKind(symbol, a, b) : CelKind.Dyn,
        };
    }

    public static CelKind? ResultKind(string symbol, CelKind operand) => symbol == "!"
        ? operand is CelKind.Dyn or CelKind.Bool ? CelKind.Bool : null
        : operand is CelKind.Dyn or CelKind.Int or CelKind.Double ? operand : null;

    private static bool MayBeEqual(CelKind a, CelKind b) => a == b || (KindNames.IsNumeric(a) && KindNames.IsNumeric(b));

    private static CelKind? ArithmeticKind(string symbol, CelKind a, CelKind b)
    {
        if (a == b && (KindNames.IsNumeric(a) || (symbol == "+" && a is CelKind.String or CelKind.Bytes or CelKind.List)))
            return symbol == "%" && a == CelKind.Double ? null : a;
        return (symbol, a, b) switch
        {
            ("+" or "-", CelKind.Duration, CelKind.Duration) => CelKind.Duration,
            ("-", CelKind.Timestamp, CelKind.Timestamp) => CelKind.Duration,
            ("+" or "-", CelKind.Timestamp, CelKind.Duration) or ("+", CelKind.Duration, CelKind.Timestamp) => CelKind.Timestamp,
            _ => null,
        };
    }

    private static CelValue Compare(string symbol, CelValue a, CelValue b, EvalContext context)
    {
        if (!Ordering.AreComparable(a.Kind, b.Kind)) return Errors.NoOverload(symbol, isMember: false, [a, b]);
        if (a is CelString left && b is CelString right) context.Budget.Charge(Math.Min(left.Value.Length, right.Value.Length) / 10);
        var order = Ordering.Compare(a, b);
        return CelBool.Of(symbol switch
        {
            "<" => order < 0,
            "<=" => order <= 0,
            ">" => order > 0,
            _ => order >= 0,
        });
    }

    private static CelValue In(CelValue element, CelValue container, EvalContext context)
    {
        context.Budget.ChargeKey(element);
        if (container is CelMap map) return CelBool.Of(map.TryGetValue(element, out _));
        return container is CelList list ? CelBool.Of(Contains(list, element, context)) : Errors.NoOverload("in", isMember: false, [element, container]);
    }

    public static bool Contains(CelList list, CelValue element, EvalContext context)
    {
        for (var i = 0; i < list.Count; i++)
        {
            context.Budget.Charge(1);
            if (Equality.AreEqual(list[i], element, context.Budget)) return true;
        }

        return false;
    }
}
