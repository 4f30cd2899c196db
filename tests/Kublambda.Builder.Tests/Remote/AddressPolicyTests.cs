using System.Net;
using Kublambda.Builder.Remote;
using Kublambda.Builder.Sources;
using Kublambda.Contracts;

namespace Kublambda.Builder.Tests.Remote;

public sealed class AddressPolicyTests
{
    private static readonly IPAddress ApiServer = IPAddress.Parse("10.96.0.1");

    [Theory]
    [InlineData("127.0.0.1", "a loopback")]
    [InlineData("127.8.9.10", "a loopback")]
    [InlineData("::1", "a loopback")]
    [InlineData("0.0.0.0", "an unspecified")]
    [InlineData("::", "an unspecified")]
    [InlineData("169.254.169.254", "a link-local")]
    [InlineData("fe80::1", "a link-local")]
    [InlineData("fe80::1%2", "a link-local")]
    [InlineData("10.1.2.3", "a private")]
    [InlineData("172.16.0.1", "a private")]
    [InlineData("172.31.255.255", "a private")]
    [InlineData("192.168.1.1", "a private")]
    [InlineData("100.64.0.1", "a private")]
    [InlineData("fd00:ec2::254", "a private")]
    [InlineData("224.0.0.1", "a multicast")]
    [InlineData("255.255.255.255", "a reserved")]
    [InlineData("::ffff:127.0.0.1", "a loopback")]
    [InlineData("::ffff:169.254.169.254", "a link-local")]
    [InlineData("::10.0.0.1", "a private")]
    [InlineData("64:ff9b::a9fe:a9fe", "a link-local")]
    [InlineData("64:ff9b:1::a00:1", "a private")]
    [InlineData("64:ff9b:1:a00:0:100:808:808", "a private")]
    [InlineData("::ffff:0:127.0.0.1", "a loopback")]
    [InlineData("::ffff:0:a9fe:a9fe", "a link-local")]
    [InlineData("2002:a9fe:a9fe::", "a link-local")]
    [InlineData("fec0::1", "a private")]
    [InlineData("ff02::1", "a multicast")]
    [InlineData("2001::1", "a reserved")]
    [InlineData("3fff::1", "a reserved")]
    [InlineData("192.88.99.1", "a reserved")]
    [InlineData("2002:7f00:1::", "a loopback")]
    [InlineData("10.96.0.1", "the API server's")]
    [InlineData("::ffff:10.96.0.1", "the API server's")]
    public void An_address_that_only_the_inside_reaches_is_refused_by_its_kind(string address, string kind)
    {
        var refused = Assert.Throws<SourceRefusedException>(() => Policy("").Check("git.example.com", [IPAddress.Parse("93.184.216.34"), IPAddress.Parse(address)], [ApiServer]));
        Assert.Equal(Reasons.SourceAddressForbidden, refused.Reason);
        Assert.Contains(kind, refused.Message, StringComparison.Ordinal);
        Assert.Contains("Fetch__AllowedPrivate", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("93.184.216.34")]
    [InlineData("172.32.0.1")]
    [InlineData("11.0.0.1")]
    [InlineData("2606:4700::1111")]
    [InlineData("::ffff:93.184.216.34")]
    public void An_address_of_the_internet_is_not(string address) => Policy("").Check("git.example.com", [IPAddress.Parse(address)], [ApiServer]);

    [Theory]
    [InlineData("10.20.0.0/16")]
    [InlineData("192.168.0.0/16, 10.20.30.40")]
    [InlineData("git.corp")]
    [InlineData("GIT.corp")]
    public void What_the_installation_allows_is_allowed_and_no_more(string allowed)
    {
        Policy(allowed).Check("git.corp", [IPAddress.Parse("10.20.30.40")], [ApiServer]);
        Assert.Throws<SourceRefusedException>(() => Policy(allowed).Check("other.corp", [IPAddress.Parse("10.21.30.40")], [ApiServer]));
    }

    [Fact]
    public void The_API_server_stays_closed_also_within_an_allowed_network() =>
        Assert.Throws<SourceRefusedException>(() => Policy("10.0.0.0/8, git.corp").Check("git.corp", [ApiServer], [ApiServer]));

    [Theory]
    [InlineData("10.0.0.0/33")]
    [InlineData("https://git.corp")]
    [InlineData("a b")]
    public void A_wrong_setting_says_which_entry_it_is(string allowed) =>
        Assert.Contains(allowed, Assert.Throws<FormatException>(() => Policy(allowed)).Message, StringComparison.Ordinal);

    private static AddressPolicy Policy(string allowed) => new(allowed);
}
