using System.Net;
using CertHerald.Delivering;

namespace CertHerald.Tests.Delivering;

public sealed class AddressRangesTests
{
    private static readonly OutboundOptions Strict = new();
    private static readonly OutboundOptions PrivateAllowed = new() { AllowPrivateNetworks = true };

    /// <summary>Both ends of every range of delivery.md §9.4, and the neighbours outside where they are public.</summary>
    [Theory]
    [InlineData("0.0.0.0", "0.255.255.255", null, "1.0.0.0")]
    [InlineData("10.0.0.0", "10.255.255.255", "9.255.255.255", "11.0.0.0")]
    [InlineData("100.64.0.0", "100.127.255.255", "100.63.255.255", "100.128.0.0")]
    [InlineData("127.0.0.0", "127.255.255.255", "126.255.255.255", "128.0.0.0")]
    [InlineData("169.254.0.0", "169.254.255.255", "169.253.255.255", "169.255.0.0")]
    [InlineData("172.16.0.0", "172.31.255.255", "172.15.255.255", "172.32.0.0")]
    [InlineData("192.0.0.0", "192.0.0.255", "191.255.255.255", "192.0.1.0")]
    [InlineData("192.0.2.0", "192.0.2.255", "192.0.1.255", "192.0.3.0")]
    [InlineData("192.31.196.0", "192.31.196.255", "192.31.195.255", "192.31.197.0")]
    [InlineData("192.52.193.0", "192.52.193.255", "192.52.192.255", "192.52.194.0")]
    [InlineData("192.88.99.0", "192.88.99.255", "192.88.98.255", "192.88.100.0")]
    [InlineData("192.168.0.0", "192.168.255.255", "192.167.255.255", "192.169.0.0")]
    [InlineData("192.175.48.0", "192.175.48.255", "192.175.47.255", "192.175.49.0")]
    [InlineData("198.18.0.0", "198.19.255.255", "198.17.255.255", "198.20.0.0")]
    [InlineData("198.51.100.0", "198.51.100.255", "198.51.99.255", "198.51.101.0")]
    [InlineData("203.0.113.0", "203.0.113.255", "203.0.112.255", "203.0.114.0")]
    [InlineData("224.0.0.0", "239.255.255.255", "223.255.255.255", null)]
    [InlineData("240.0.0.0", "255.255.255.255", null, null)]
    [InlineData("168.63.129.16", "168.63.129.16", "168.63.129.15", "168.63.129.17")]
    [InlineData("::", "::ffff:ffff", null, "0:0:0:0:0:1::")]
    [InlineData("::1", "::1", null, null)]
    [InlineData("::ffff:0:0", "::ffff:ffff:ffff", "::fffe:ffff:ffff", "::1:0:0:0")]
    [InlineData("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "64:ff9b:0:ffff:ffff:ffff:ffff:ffff", "64:ff9b:2::")]
    [InlineData("100::", "100::ffff:ffff:ffff:ffff", "ff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", null)]
    [InlineData("100:0:0:1::", "100:0:0:1:ffff:ffff:ffff:ffff", null, "100:0:0:2::")]
    [InlineData("2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:200::")]
    [InlineData("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::")]
    [InlineData("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2003::")]
    [InlineData("2620:4f:8000::", "2620:4f:8000:ffff:ffff:ffff:ffff:ffff", "2620:4f:7fff:ffff:ffff:ffff:ffff:ffff", "2620:4f:8001::")]
    [InlineData("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff:1000::")]
    [InlineData("5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "5eff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "5f01::")]
    [InlineData("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fe00::")]
    [InlineData("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff", null)]
    [InlineData("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", null, null)]
    [InlineData("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", null, null)]
    public void E12_Rule_9_4_both_ends_of_every_range_are_blocked_and_their_neighbours_are_not(string first, string last, string? before, string? after)
    {
        Assert.Equal(AddressVerdict.Blocked, Judge(first, Strict));
        Assert.Equal(AddressVerdict.Blocked, Judge(last, Strict));
        if (before is not null) Assert.Equal(AddressVerdict.Public, Judge(before, Strict));
        if (after is not null) Assert.Equal(AddressVerdict.Public, Judge(after, Strict));
    }

    [Theory]
    [InlineData("10.0.0.0", "10.255.255.255")]
    [InlineData("100.64.0.0", "100.127.255.255")]
    [InlineData("172.16.0.0", "172.31.255.255")]
    [InlineData("192.168.0.0", "192.168.255.255")]
    [InlineData("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")]
    public void Rule_9_5_private_networks_open_from_end_to_end(string first, string last)
    {
        Assert.Equal(AddressVerdict.Opened, Judge(first, PrivateAllowed));
        Assert.Equal(AddressVerdict.Opened, Judge(last, PrivateAllowed));
    }

    [Theory]
    [InlineData("169.254.169.254")]
    [InlineData("169.254.170.2")]
    [InlineData("169.254.170.23")]
    [InlineData("100.100.100.200")]
    [InlineData("::ffff:100.100.100.200")]
    [InlineData("64:ff9b::6464:64c8")]
    [InlineData("168.63.129.16")]
    [InlineData("fd00:ec2::254")]
    [InlineData("::ffff:169.254.169.254")]
    [InlineData("::169.254.169.254")]                            // IPv4-compatible
    [InlineData("::ffff:0:169.254.169.254")]                     // IPv4-translated
    [InlineData("64:ff9b::a9fe:a9fe")]
    [InlineData("64:ff9b::a83f:8110")]
    [InlineData("64:ff9b:1::a9fe:a9fe")]                         // a local NAT64 prefix of 96 bits
    [InlineData("64:ff9b:1:a9fe:a9:fe00::")]                     // of 48
    [InlineData("64:ff9b:1:aa:fe:a9fe::")]                       // of 56, which leads to 170.254.169.254
    [InlineData("64:ff9b:1:aaa9:fe:a9fe::")]                     // of 56
    [InlineData("64:ff9b:1:aaaa:a9:fea9:fe00:0")]                // of 64
    [InlineData("2002:a9fe:a9fe::1")]                            // 6to4
    [InlineData("2001:0:102:304:0:0:5601:5601")]                 // Teredo: the client's address, inverted
    [InlineData("2606:4700::5efe:a9fe:a9fe")]                    // ISATAP
    public void Rule_9_5_nothing_opens_a_metadata_service_by_any_way(string address)
    {
        var everything = new OutboundOptions { AllowPrivateNetworks = true, Allow = [IPNetwork.Parse("0.0.0.0/0"), IPNetwork.Parse("::/0")] };
        bool isOne = address != "64:ff9b:1:aa:fe:a9fe::";
        Assert.Equal(isOne ? AddressVerdict.Blocked : AddressVerdict.Opened, Judge(address, everything));
        Assert.Equal(isOne, AddressRanges.IsNeverOpen(IPAddress.Parse(address)));
        Assert.Equal(AddressVerdict.Blocked, Judge(address, Strict));
    }

    [Theory]
    [InlineData("8.8.8.8", AddressVerdict.Public)]
    [InlineData("2606:4700::1111", AddressVerdict.Public)]
    [InlineData("64:ff9b::a00:1", AddressVerdict.Blocked)]             // T11: 10.0.0.1
    [InlineData("64:ff9b::808:808", AddressVerdict.Public)]            // T11: 8.8.8.8
    [InlineData("64:ff9b::a9fe:a9fe", AddressVerdict.Blocked)]
    [InlineData("::ffff:8.8.8.8", AddressVerdict.Blocked)]
    [InlineData("::127.0.0.1", AddressVerdict.Blocked)]
    [InlineData("2001:0:4136:e378:8000:63bf:3fff:fdd2", AddressVerdict.Blocked)]   // Teredo
    [InlineData("2606:4700::5efe:a00:1", AddressVerdict.Blocked)]      // ISATAP
    [InlineData("2606:4700::200:5efe:a00:1", AddressVerdict.Blocked)]
    [InlineData("fe80::1%3", AddressVerdict.Blocked)]
    [InlineData("2606:4700::1%3", AddressVerdict.Blocked)]
    public void T11_Rule_9_3_tunnels_and_mappings_are_judged_by_what_they_lead_to(string address, object verdict) =>
        Assert.Equal((AddressVerdict)verdict, Judge(address, Strict));

    [Theory]
    [InlineData("100.64.0.1", AddressVerdict.Opened)]
    [InlineData("10.1.2.3", AddressVerdict.Opened)]
    [InlineData("172.31.0.1", AddressVerdict.Opened)]
    [InlineData("192.168.1.1", AddressVerdict.Opened)]
    [InlineData("fd12::1", AddressVerdict.Opened)]
    [InlineData("64:ff9b::a00:1", AddressVerdict.Opened)]
    [InlineData("2002:a00:1::", AddressVerdict.Blocked)]
    [InlineData("::ffff:10.0.0.1", AddressVerdict.Blocked)]
    [InlineData("0.0.0.0", AddressVerdict.Blocked)]
    [InlineData("127.0.0.1", AddressVerdict.Blocked)]
    [InlineData("::1", AddressVerdict.Blocked)]
    [InlineData("169.254.169.254", AddressVerdict.Blocked)]
    [InlineData("fd00:ec2::254", AddressVerdict.Blocked)]
    public void T12_private_networks_open_together_and_nothing_else_with_them(string address, object verdict) =>
        Assert.Equal((AddressVerdict)verdict, Judge(address, PrivateAllowed));

    [Theory]
    [InlineData("127.0.0.1", AddressVerdict.Opened)]
    [InlineData("::ffff:127.0.0.1", AddressVerdict.Opened)]
    [InlineData("127.0.0.2", AddressVerdict.Blocked)]
    [InlineData("169.254.169.254", AddressVerdict.Blocked)]
    [InlineData("::ffff:169.254.169.254", AddressVerdict.Blocked)]
    [InlineData("169.254.1.1", AddressVerdict.Opened)]
    [InlineData("168.63.129.16", AddressVerdict.Blocked)]
    public void Allow_opens_its_ranges_but_never_a_metadata_service(string address, object verdict)
    {
        var options = new OutboundOptions
        {
            Allow = [IPNetwork.Parse("127.0.0.1/32"), IPNetwork.Parse("169.254.0.0/16"), IPNetwork.Parse("168.63.129.0/24")],
        };
        Assert.Equal((AddressVerdict)verdict, Judge(address, options));
    }

    private static AddressVerdict Judge(string address, OutboundOptions options) => AddressRanges.Judge(IPAddress.Parse(address), options);
}
