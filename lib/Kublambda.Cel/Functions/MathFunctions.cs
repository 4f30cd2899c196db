using Kublambda.Cel.Evaluation;
using Kublambda.Cel.Values;

namespace Kublambda.Cel.Functions;

/// <summary>The math extension except for its bit operations.</summary>
internal static class MathFunctions
{
    public static void AddTo(FunctionTable table)
    {
        Extreme(table, "math.greatest", wanted: 1);
        Extreme(table, "math.least", wanted: -1);
        OfDouble(table, "math.ceil", Math.Ceiling);
        OfDouble(table, "math.floor", Math.Floor);
        OfDouble(table, "math.round", value => Math.Round(value, MidpointRounding.AwayFromZero));
        OfDouble(table, "math.trunc", Math.Truncate);
        Test(table, "math.isNaN", double.IsNaN);
        Test(table, "math.isInf", double.IsInfinity);
        Test(table, "math.isFinite", double.IsFinite);
        table.Global("math.abs", [CelKind.Int], CelKind.Int, (a, _) => Arithmetic.Int(Int128.Abs(((CelInt)a[0]).Value), "math.abs"));
        table.Global("math.abs", [CelKind.Uint], CelKind.Uint, (a, _) => a[0]);
        table.Global("math.abs", [CelKind.Double], CelKind.Double, (a, _) => new CelDouble(Math.Abs(((CelDouble)a[0]).Value)));
        table.Global("math.sign", [CelKind.Int], CelKind.Int, (a, _) => new CelInt(Math.Sign(((CelInt)a[0]).Value)));
        table.Global("math.sign", [CelKind.Uint], CelKind.Uint, (a, _) => new CelUint(((CelUint)a[0]).Value == 0 ? 0UL : 1UL));
        table.Global("math.sign", [CelKind.Double], CelKind.Double, (a, _) => Sign((CelDouble)a[0]));
        table.Global("math.sqrt", [CelKind.Int], CelKind.Double, (a, _) => new CelDouble(Math.Sqrt(((CelInt)a[0]).Value)));
        table.Global("math.sqrt", [CelKind.Uint], CelKind.Double, (a, _) => new CelDouble(Math.Sqrt(((CelUint)a[0]).Value)));
        table.Global("math.sqrt", [CelKind.Double], CelKind.Double, (a, _) => new CelDouble(Math.Sqrt(((CelDouble)a[0]).Value)));
    }

    private static void OfDouble(FunctionTable table, string name, Func<double, double> compute) =>
        table.Global(name, [CelKind.Double], CelKind.Double, (a, _) => new CelDouble(compute(((CelDouble)a[0]).Value)));

    private static void Test(FunctionTable table, string name, Func<double, bool> test) =>
        table.Global(name, [CelKind.Double], CelKind.Bool, (a, _) => CelBool.Of(test(((CelDouble)a[0]).Value)));

    private static CelDouble Sign(CelDouble value) => double.IsNaN(value.Value) ? value : new CelDouble(Math.Sign(value.Value));

    private static void Extreme(FunctionTable table, string name, int wanted) =>
        table.Add(new Overload(name, IsMember: false, [CelKind.Dyn], CelKind.Dyn, (a, context) => Pick(name, a is [CelList list] ? list : a, wanted, context), IsVariadic: true));

    private static CelValue Pick(string name, IReadOnlyList<CelValue> values, int wanted, EvalContext context)
    {
        if (values.Count == 0) return new CelError($"{name}() of an empty list");
        CelValue? best = null;
        for (var i = 0; i < values.Count; i++)
        {
            context.Budget.Charge(1);
            var value = values[i];
            if (!KindNames.IsNumeric(value.Kind)) return new CelError($"{name}() takes numbers, or one list of numbers, not {KindNames.Short(value.Kind)}");
            if (best is null || Math.Sign(Numbers.Compare(value, best) ?? 0) == wanted) best = value;
        }

        return best!;
    }
}
