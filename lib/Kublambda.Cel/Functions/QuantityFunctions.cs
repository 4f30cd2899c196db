using System.Numerics;
using Kublambda.Cel.Values;

namespace Kublambda.Cel.Functions;

/// <summary>Kubernetes' quantity library.</summary>
internal static class QuantityFunctions
{
    private const CelKind Opaque = CelKind.Opaque;

    public static void AddTo(FunctionTable table)
    {
        table.OfText("quantity", Opaque, text => Quantity.Parse(text) ?? (CelValue)new CelError($"'{Display.Cut(text)}' is not a quantity", () => "quantities are written 500m, 1.5Gi, 2e3"));
        table.OfText("isQuantity", CelKind.Bool, text => CelBool.Of(Quantity.Parse(text) is not null));
        One(table, "sign", CelKind.Int, quantity => new CelInt(quantity.Sign));
        One(table, "isInteger", CelKind.Bool, quantity => CelBool.Of(quantity.AsInteger is not null));
        One(table, "asInteger", CelKind.Int, quantity => quantity.AsInteger is { } value ? new CelInt(value) : new CelError($"{quantity} is not a whole number of 64 bits"));
        One(table, "asApproximateFloat", CelKind.Double, quantity => new CelDouble(quantity.AsDouble));
        Two(table, "compareTo", CelKind.Int, (x, y) => new CelInt(BigInteger.Compare(x.Nanos, y.Nanos)));
        Two(table, "isLessThan", CelKind.Bool, (x, y) => CelBool.Of(x.Nanos < y.Nanos));
        Two(table, "isGreaterThan", CelKind.Bool, (x, y) => CelBool.Of(x.Nanos > y.Nanos));
        Sum(table, "add", (x, y) => x + y);
        Sum(table, "sub", (x, y) => x - y);
    }

    private static void One(FunctionTable table, string name, CelKind result, Func<Quantity, CelValue> compute) =>
        table.Member(name, [Opaque], result, (a, _) => a[0] is Quantity quantity ? compute(quantity) : NotAQuantity(name, a[0]));

    private static void Two(FunctionTable table, string name, CelKind result, Func<Quantity, Quantity, CelValue> compute) =>
        table.Member(name, [Opaque, Opaque], result, (a, _) => a is [Quantity x, Quantity y] ? compute(x, y) : NotAQuantity(name, a[0]));

    private static void Sum(FunctionTable table, string name, Func<BigInteger, BigInteger, BigInteger> compute)
    {
        Two(table, name, Opaque, (x, y) => new Quantity(compute(x.Nanos, y.Nanos)));
        table.Member(name, [Opaque, CelKind.Int], Opaque, (a, _) => a[0] is Quantity x ? new Quantity(compute(x.Nanos, Quantity.OfWhole(((CelInt)a[1]).Value).Nanos)) : NotAQuantity(name, a[0]));
    }

    private static CelError NotAQuantity(string name, CelValue value) => new($"{name}() takes quantities, not {value.TypeName}");
}
