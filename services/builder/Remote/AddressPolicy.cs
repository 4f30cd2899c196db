using System.Net;
using System.Net.Sockets;
using Kublambda.Builder.Sources;
using Kublambda.Contracts;

namespace Kublambda.Builder.Remote;

/// <summary>
/// Which addresses a user's URL may lead to: those of the internet, and the private ones that the installation allows. Never the API server.
/// Otherwise whoever may create a Lambda could reach, through the builder, what network policies keep from everybody else. Pure.
/// </summary>
public sealed class AddressPolicy
{
    // IANA special-purpose registries, RFC 6890 and what came after.
    private static readonly (IPNetwork Network, string Kind)[] Special =
    [
        (IPNetwork.Parse("0.0.0.0/8"), "an unspecified"), (IPNetwork.Parse("10.0.0.0/8"), "a private"), (IPNetwork.Parse("100.64.0.0/10"), "a private"),
        (IPNetwork.Parse("127.0.0.0/8"), "a loopback"), (IPNetwork.Parse("169.254.0.0/16"), "a link-local"), (IPNetwork.Parse("172.16.0.0/12"), "a private"),
        (IPNetwork.Parse("192.0.0.0/24"), "a reserved"), (IPNetwork.Parse("192.0.2.0/24"), "a reserved"), (IPNetwork.Parse("192.88.99.0/24"), "a reserved"), (IPNetwork.Parse("192.168.0.0/16"), "a private"),
        (IPNetwork.Parse("198.18.0.0/15"), "a reserved"), (IPNetwork.Parse("198.51.100.0/24"), "a reserved"), (IPNetwork.Parse("203.0.113.0/24"), "a reserved"),
        (IPNetwork.Parse("224.0.0.0/4"), "a multicast"), (IPNetwork.Parse("240.0.0.0/4"), "a reserved"),
        (IPNetwork.Parse("::/128"), "an unspecified"), (IPNetwork.Parse("::1/128"), "a loopback"), (IPNetwork.Parse("100::/64"), "a reserved"),
        (IPNetwork.Parse("2001::/23"), "a reserved"), (IPNetwork.Parse("2001:db8::/32"), "a reserved"), (IPNetwork.Parse("fc00::/7"), "a private"),
        (IPNetwork.Parse("fe80::/10"), "a link-local"), (IPNetwork.Parse("fec0::/10"), "a private"), (IPNetwork.Parse("ff00::/8"), "a multicast"),
        (IPNetwork.Parse("64:ff9b:1::/48"), "a private"), (IPNetwork.Parse("3fff::/20"), "a reserved"), (IPNetwork.Parse("5f00::/16"), "a reserved"),
    ];

    private readonly List<IPNetwork> _networks = [];
    private readonly HashSet<string> _hosts = new(StringComparer.OrdinalIgnoreCase);

    /// <param name="allowedPrivate">As <see cref="FetchOptions.AllowedPrivate"/>.</param>
    /// <exception cref="FormatException">An entry is neither network, address nor host.</exception>
    public AddressPolicy(string? allowedPrivate)
    {
        foreach (var entry in (allowedPrivate ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (IPNetwork.TryParse(entry, out var network))
                _networks.Add(network);
            else if (IPAddress.TryParse(entry, out var address))
                _networks.Add(new IPNetwork(address, address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128));
            else if (Uri.CheckHostName(entry) == UriHostNameType.Dns)
                _hosts.Add(entry);
            else
                throw new FormatException($"Fetch__AllowedPrivate has \"{entry}\", which is no network such as 10.20.0.0/16, no address and no host name.");
        }
    }

    /// <summary>Checks all addresses of a host: one bad answer is enough, since which one is taken would be chance.</summary>
    /// <param name="host">Name or address, as the URL has it.</param>
    /// <param name="addresses">What it resolves to.</param>
    /// <param name="closed">Never to be reached, whatever is allowed: the API server.</param>
    /// <exception cref="SourceRefusedException">One of them may not be reached; says so, and what an operator can do.</exception>
    public void Check(string host, IEnumerable<IPAddress> addresses, IEnumerable<IPAddress> closed)
    {
        var never = closed.Select(Plain).ToHashSet();
        foreach (var address in addresses)
        {
            if (WrongWith(host, address, never) is { } kind)
            {
                throw new SourceRefusedException(
                    $"The host \"{SourcePath.Show(host)}\" of the source has {kind} address, {address}, and such may not be fetched from. Use a host on the internet, or ask the operator to allow this one (setting Fetch__AllowedPrivate).",
                    Reasons.SourceAddressForbidden);
            }
        }
    }

    private string? WrongWith(string host, IPAddress stated, HashSet<IPAddress> never)
    {
        var address = Plain(stated);
        if (never.Contains(address))
            return "the API server's";
        var kind = KindOf(address);
        return kind is null || _networks.Exists(n => n.Contains(address)) || _hosts.Contains(host) ? null : kind;
    }

    private static string? KindOf(IPAddress address)
    {
        foreach (var (network, kind) in Special)
        {
            if (network.Contains(address))
                return kind;
        }

        return null;
    }

    // IPv4 in the clothes of IPv6: mapped (::ffff:0:0/96), translated (::ffff:0:0:0/96), compatible (::/96), NAT64 (64:ff9b::/96), 6to4 (2002::/16). Where in
    // an address of 64:ff9b:1::/48 it stands is a network's own affair (RFC 8215): all of it counts as private.
    private static IPAddress Plain(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
            return address;
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        if (address.IsIPv4MappedToIPv6)
            return address.MapToIPv4();
        if (bytes[..12].IndexOfAnyExcept((byte)0) < 0 && !address.Equals(IPAddress.IPv6Loopback) && !address.Equals(IPAddress.IPv6Any))
            return new IPAddress(bytes[12..]);
        if (bytes[..8].IndexOfAnyExcept((byte)0) < 0 && bytes[8..12].SequenceEqual(new byte[] { 0xFF, 0xFF, 0, 0 }))
            return new IPAddress(bytes[12..]);
        if (bytes[..4].SequenceEqual(new byte[] { 0, 0x64, 0xFF, 0x9B }) && bytes[4..6].IndexOfAnyExcept((byte)0) < 0)
            return new IPAddress(bytes[12..]);
        if (bytes[0] == 0x20 && bytes[1] == 0x02)
            return new IPAddress(bytes.Slice(2, 4));
        // Without a zone: fe80::1%eth0 is fe80::1.
        return new IPAddress(bytes);
    }
}
