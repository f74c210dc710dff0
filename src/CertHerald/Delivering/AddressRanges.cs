using System.Net;
using System.Net.Sockets;

namespace CertHerald.Delivering;

/// <summary>Which addresses lead into somebody's internal network. From the IANA special-purpose address registries.</summary>
internal static class AddressRanges
{
    /// <summary>Opened by one switch: the networks of offices and data centres.</summary>
    private static readonly IPNetwork[] Private =
        Parse("10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10 fc00::/7");

    /// <summary>Metadata services of clouds: whoever reaches them gets the machine's credentials. Nothing opens them.</summary>
    private static readonly IPNetwork[] NeverOpen =
        Parse("169.254.169.254/32 169.254.170.2/32 169.254.170.23/32 100.100.100.200/32 168.63.129.16/32 fd00:ec2::254/128");

    /// <summary>The rest of what is not the public internet; the registry's ::/96, 2001::/23 and 2002::/16 hold tunnels.</summary>
    private static readonly IPNetwork[] Special = Parse(
        "0.0.0.0/8 127.0.0.0/8 169.254.0.0/16 192.0.0.0/24 192.0.2.0/24 192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 " +
        "192.175.48.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 " +
        "::/96 ::ffff:0:0/96 ::ffff:0:0:0/96 64:ff9b:1::/48 100::/64 100:0:0:1::/64 2001::/23 2001:db8::/32 2002::/16 2620:4f:8000::/48 " +
        "3fff::/20 5f00::/16 fe80::/10 fec0::/10 ff00::/8");

    private static readonly IPNetwork Nat64 = IPNetwork.Parse("64:ff9b::/96");
    private static readonly IPNetwork LocalNat64 = IPNetwork.Parse("64:ff9b:1::/48");
    private static readonly IPNetwork Compatible = IPNetwork.Parse("::/96");
    private static readonly IPNetwork Translated = IPNetwork.Parse("::ffff:0:0:0/96");      // RFC 2765 §2.1
    private static readonly IPNetwork SixToFour = IPNetwork.Parse("2002::/16");
    private static readonly IPNetwork Teredo = IPNetwork.Parse("2001::/32");

    /// <summary>Whether an address may be connected to.</summary>
    public static AddressVerdict Judge(IPAddress address, OutboundOptions options)
    {
        if (address.AddressFamily == AddressFamily.InterNetworkV6)
        {
            if (address.ScopeId != 0) return AddressVerdict.Blocked;

            // DNS64 gives IPv6-only networks the whole IPv4 internet below this prefix: what is embedded decides.
            if (Nat64.Contains(address)) return Judge(LastOf(address), options);

            // An IPv4-mapped address comes from nobody honest: only what is opened by name passes.
            if (address.IsIPv4MappedToIPv6)
                return IsIn(options.Allow, address.MapToIPv4()) ? Judge(address.MapToIPv4(), options) : AddressVerdict.Blocked;
        }

        if (IsNeverOpen(address)) return AddressVerdict.Blocked;
        if (IsIn(options.Allow, address)) return AddressVerdict.Opened;
        if (IsIn(Private, address)) return options.AllowPrivateNetworks ? AddressVerdict.Opened : AddressVerdict.Blocked;
        return IsIn(Special, address) || IsIsatap(address) ? AddressVerdict.Blocked : AddressVerdict.Public;
    }

    /// <summary>Whether nothing may open it: a metadata service, also at the end of a tunnel that the options opened.</summary>
    public static bool IsNeverOpen(IPAddress address) => IsIn(NeverOpen, address) || EmbeddedIn(address).Any(embedded => IsIn(NeverOpen, embedded));

    /// <summary>The address that is connected to in the end, where ours is only another way to write it.</summary>
    public static IPAddress Normalize(IPAddress address) =>
        address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : Nat64.Contains(address) ? LastOf(address) : address;

    /// <summary>Every IPv4 address that an IPv6 address may lead to; none if it is no tunnel's.</summary>
    private static IEnumerable<IPAddress> EmbeddedIn(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6) yield break;
        byte[] bytes = address.GetAddressBytes();

        if (address.IsIPv4MappedToIPv6 || Compatible.Contains(address) || Translated.Contains(address) || Nat64.Contains(address) || IsIsatap(address))
            yield return LastOf(address);
        if (SixToFour.Contains(address)) yield return new IPAddress(bytes.AsSpan(2, 4));
        if (Teredo.Contains(address)) yield return new IPAddress([.. bytes.AsSpan(12).ToArray().Select(one => (byte)~one)]);      // RFC 4380 §4
        if (LocalNat64.Contains(address))
        {
            // RFC 8215: a network may put a prefix of any length below this one. RFC 6052 §2.2: the octet at 8 is left out.
            yield return new IPAddress([bytes[6], bytes[7], bytes[9], bytes[10]]);
            yield return new IPAddress([bytes[7], bytes[9], bytes[10], bytes[11]]);
            yield return new IPAddress(bytes.AsSpan(9, 4));
            yield return LastOf(address);
        }
    }

    /// <summary>RFC 5214 §6.1: an interface identifier 0000:5efe or 0200:5efe, then an IPv4 address, below any prefix.</summary>
    private static bool IsIsatap(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6) return false;
        ReadOnlySpan<byte> identifier = address.GetAddressBytes().AsSpan(8);
        return identifier[0] is 0 or 2 && identifier[1] == 0 && identifier[2] == 0x5e && identifier[3] == 0xfe;
    }

    private static IPAddress LastOf(IPAddress address) => new(address.GetAddressBytes().AsSpan(12));

    private static bool IsIn(IReadOnlyList<IPNetwork> networks, IPAddress address)
    {
        foreach (IPNetwork network in networks)
            if (network.Contains(address))
                return true;
        return false;
    }

    private static IPNetwork[] Parse(string networks) => [.. networks.Split(' ').Select(IPNetwork.Parse)];
}

/// <summary>Whether an address may be connected to, and on which terms.</summary>
internal enum AddressVerdict
{
    /// <summary>Not at all.</summary>
    Blocked,

    /// <summary>By HTTPS, on the ports for public addresses.</summary>
    Public,

    /// <summary>The operator opened it: also by HTTP, on any port.</summary>
    Opened,
}
