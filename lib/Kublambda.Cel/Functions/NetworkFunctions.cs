using Kublambda.Cel.Values;

namespace Kublambda.Cel.Functions;

/// <summary>Kubernetes' IP and CIDR libraries.</summary>
internal static class NetworkFunctions
{
    private const CelKind Opaque = CelKind.Opaque;

    public static void AddTo(FunctionTable table)
    {
        table.OfText("ip", Opaque, ToIp);
        table.OfText("isIP", CelKind.Bool, text => CelBool.Of(Ip.Parse(text) is not null));
        table.OfText("ip.isCanonical", CelKind.Bool, text => Ip.Parse(text) is { } ip ? CelBool.Of(ip.Text == text) : ToIp(text));
        table.OfOpaque<Ip>("family", CelKind.Int, ip => new CelInt(ip.IsV4 ? 4 : 6));
        Test(table, "isUnspecified", ip => ip.IsUnspecified);
        Test(table, "isLoopback", ip => ip.IsLoopback);
        Test(table, "isLinkLocalMulticast", ip => ip.IsLinkLocalMulticast);
        Test(table, "isLinkLocalUnicast", ip => ip.IsLinkLocalUnicast);
        Test(table, "isGlobalUnicast", ip => ip.IsGlobalUnicast);
        table.OfText("cidr", Opaque, ToCidr);
        table.OfText("isCIDR", CelKind.Bool, text => CelBool.Of(Cidr.Parse(text) is not null));
        table.OfOpaque<Cidr>("ip", Opaque, cidr => cidr.Address);
        table.OfOpaque<Cidr>("masked", Opaque, cidr => cidr.Masked());
        table.OfOpaque<Cidr>("prefixLength", CelKind.Int, cidr => new CelInt(cidr.Length));
        Contains<Ip>(table, "containsIP", ToIp, (cidr, ip) => cidr.Contains(ip));
        Contains<Cidr>(table, "containsCIDR", ToCidr, (cidr, other) => cidr.Contains(other));
    }

    private static void Test(FunctionTable table, string name, Func<Ip, bool> test) => table.OfOpaque<Ip>(name, CelKind.Bool, ip => CelBool.Of(test(ip)));

    /// <summary>What is looked for is given as what it is, or as its text.</summary>
    private static void Contains<T>(FunctionTable table, string name, Func<string, CelValue> read, Func<Cidr, T, bool> test)
        where T : CelOpaque
    {
        CelValue Body(CelValue network, CelValue wanted) => (network, wanted) switch
        {
            (_, CelError error) => error,
            (Cidr cidr, T value) => CelBool.Of(test(cidr, value)),
            _ => new CelError($"{name}() does not take {network.TypeName} and {wanted.TypeName}"),
        };
        table.Member(name, [Opaque, Opaque], CelKind.Bool, (a, _) => Body(a[0], a[1]));
        table.Member(name, [Opaque, CelKind.String], CelKind.Bool, (a, _) => Body(a[0], read(((CelString)a[1]).Value)));
    }

    private static CelValue ToIp(string text) => Ip.Parse(text) ?? (CelValue)new CelError($"'{Display.Cut(text)}' is not an IP address", () => "addresses are written 10.0.0.1 or fd00::1, without a zone");

    private static CelValue ToCidr(string text) => Cidr.Parse(text) ?? (CelValue)new CelError($"'{Display.Cut(text)}' is not a network", () => "networks are written 10.0.0.0/8 or fd00::/64");
}
