using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Kublambda.Cel.Functions;

/// <summary>An IP address as Kubernetes takes it: no leading zeros, no zone, and no IPv4 address in the clothes of IPv6.</summary>
internal sealed class Ip(IPAddress address) : CelOpaque
{
    private const int MaxLength = 45;

    private readonly byte[] _bytes = address.GetAddressBytes();

    public override string TypeName => "net.IP";

    public override string Text => address.ToString();

    public ReadOnlySpan<byte> Bytes => _bytes;

    public bool IsV4 => _bytes.Length == 4;

    public bool IsUnspecified => !_bytes.AsSpan().ContainsAnyExcept((byte)0);

    public bool IsLoopback => IPAddress.IsLoopback(address);

    public bool IsLinkLocalMulticast => IsV4 ? _bytes.AsSpan().StartsWith((ReadOnlySpan<byte>)[224, 0, 0]) : _bytes[0] == 0xFF && (_bytes[1] & 0x0F) == 2;

    public bool IsLinkLocalUnicast => IsV4 ? _bytes.AsSpan().StartsWith((ReadOnlySpan<byte>)[169, 254]) : _bytes[0] == 0xFE && (_bytes[1] & 0xC0) == 0x80;

    public bool IsGlobalUnicast => !IsUnspecified && !IsLoopback && !IsLinkLocalUnicast && !IsMulticast && !address.Equals(IPAddress.Broadcast);

    private bool IsMulticast => IsV4 ? _bytes[0] is >= 224 and <= 239 : _bytes[0] == 0xFF;

    public override bool SameAs(CelOpaque other) => other is Ip ip && Bytes.SequenceEqual(ip.Bytes);

    public override int Hash() => address.GetHashCode();

    /// <summary>Null when the text is no address.</summary>
    public static Ip? Parse(string text)
    {
        if (text.Length is 0 or > MaxLength) return null;
        if (!text.Contains(':', StringComparison.Ordinal)) return IsV4Text(text) ? new Ip(IPAddress.Parse(text)) : null;
        if (!text.All(c => char.IsAsciiHexDigit(c) || c is ':' or '.')) return null;
        return IPAddress.TryParse(text, out var address) && address.AddressFamily == AddressFamily.InterNetworkV6 && !address.IsIPv4MappedToIPv6 ? new Ip(address) : null;
    }

    private static bool IsV4Text(string text)
    {
        var parts = text.Split('.');
        return parts.Length == 4 && parts.All(part => part.Length is > 0 and <= 3 && part.All(char.IsAsciiDigit) && (part.Length == 1 || part[0] != '0') && int.Parse(part, CultureInfo.InvariantCulture) <= 255);
    }
}

/// <summary>An address and how many of its bits say the network, such as <c>192.168.0.0/24</c>.</summary>
internal sealed class Cidr(Ip address, int length) : CelOpaque
{
    public override string TypeName => "net.CIDR";

    public override string Text => string.Create(CultureInfo.InvariantCulture, $"{address.Text}/{length}");

    public Ip Address => address;

    public int Length => length;

    public override bool SameAs(CelOpaque other) => other is Cidr cidr && cidr.Length == length && cidr.Address.SameAs(address);

    public override int Hash() => HashCode.Combine(address.Hash(), length);

    /// <summary>The network itself: what comes behind its bits is zero.</summary>
    public Cidr Masked() => new(new Ip(new IPAddress(Network(address.Bytes))), length);

    public bool Contains(Ip other) => other.IsV4 == address.IsV4 && Network(other.Bytes).AsSpan().SequenceEqual(Network(address.Bytes));

    public bool Contains(Cidr other) => other.Length >= length && Contains(other.Address);

    /// <summary>Null when the text is no network.</summary>
    public static Cidr? Parse(string text)
    {
        var slash = text.LastIndexOf('/');
        if (slash < 0 || Ip.Parse(text[..slash]) is not { } address) return null;
        var digits = text[(slash + 1)..];
        var isNumber = digits.Length is > 0 and <= 3 && (digits.Length == 1 || digits[0] != '0') && int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out _);
        return isNumber && int.Parse(digits, CultureInfo.InvariantCulture) is var length && length <= address.Bytes.Length * 8 ? new Cidr(address, length) : null;
    }

    private byte[] Network(ReadOnlySpan<byte> bytes)
    {
        var network = bytes.ToArray();
        for (var i = 0; i < network.Length; i++) network[i] &= (byte)(0xFF00 >> Math.Clamp(length - (i * 8), 0, 8));
        return network;
    }
}
