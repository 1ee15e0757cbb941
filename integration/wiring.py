"""The composition root: settings → engine, gate, transports, clients. Nothing else builds them."""

from __future__ import annotations

import logging

from sqlalchemy import Engine

from integration.bigcommerce.client import BigCommerce
from integration.errors import MappingError
from integration.high_water import high_water_mark
from integration.http import Transport
from integration.ledger.ceilings import FleetGate
from integration.ledger.engine import engine_of
from integration.ledger.store import Bell, Ledger, silent_bell
from integration.mirakl.client import Mirakl
from integration.reveni.client import Reveni
from integration.settings import Settings
from integration.usecases.ports import Ports
from integration.usecases.reference import Reference
from mappings import LiveMappings

log = logging.getLogger(__name__)


def make_ledger(settings: Settings, *, who: str, bell: Bell = silent_bell, engine: Engine | None = None) -> Ledger:
    """The ledger of the settings' shop.

    :param who: stands in the journal beside each transition this process makes.
    """
    return Ledger(engine or engine_of(settings), shop=settings.shop, who=who, bell=bell)


def make_ports(settings: Settings, *, who: str, bell: Bell = silent_bell, engine: Engine | None = None) -> Ports:
    """All that the use cases reach. Opens no connection yet."""
    ledger = make_ledger(settings, who=who, bell=bell, engine=engine)
    gate = FleetGate(ledger, scale=settings.call_interval_scale, longest_call=settings.call_deadline)
    mirakl = make_mirakl(settings, gate)
    return Ports(
        settings=settings,
        ledger=ledger,
        mark=high_water_mark(settings.backhaul_data_dir, settings.shop, settings.broker_url),
        gate=gate,
        mirakl=mirakl,
        reveni=make_reveni(settings, gate),
        bigcommerce=make_bigcommerce(settings, gate),
        mappings=LiveMappings(
            settings.mappings_dir, strict_skus=settings.sku_mapping == "strict", on_invalid=_tell_invalid
        ),
        reference=Reference(ledger, mirakl, scale=settings.call_interval_scale),
    )


def _tell_invalid(invalid: MappingError) -> None:
    """The tables in force stay in force; whoever edited them is told what is wrong, once."""
    log.error("the mapping files changed and are not usable: %s", invalid, extra={"alert": "mappings_invalid"})


def make_mirakl(settings: Settings, gate: FleetGate | None = None) -> Mirakl:
    """The key goes raw into `Authorization`: Mirakl knows no `Bearer`."""
    transport = Transport(
        base_url=settings.mirakl_base_url,
        system="mirakl",
        headers={"Authorization": settings.mirakl_api_key.get_secret_value()},
        gate=gate,
        deadline=settings.call_deadline,
        ca_file=settings.tls_ca_file,
    )
    return Mirakl(transport, settings.mirakl_shop_id, tier=settings.mirakl_tier)


def make_reveni(settings: Settings, gate: FleetGate | None = None) -> Reveni:
    transport = Transport(
        base_url=settings.reveni_base_url,
        system="reveni",
        headers={"Authorization": f"Bearer {settings.reveni_api_key.get_secret_value()}"},
        gate=gate,
        deadline=settings.call_deadline,
        ca_file=settings.tls_ca_file,
    )
    return Reveni(transport, settings.reveni_store_id)


def make_bigcommerce(settings: Settings, gate: FleetGate | None = None) -> BigCommerce | None:
    """The stock master, where one is configured."""
    token, store, location = (
        settings.bigcommerce_token,
        settings.bigcommerce_store_hash,
        settings.bigcommerce_location_id,
    )
    if token is None or store is None or location is None:
        return None
    transport = Transport(
        base_url=settings.bigcommerce_base_url,
        system="bigcommerce",
        headers={"X-Auth-Token": token.get_secret_value()},
        gate=gate,
        deadline=settings.call_deadline,
        ca_file=settings.tls_ca_file,
    )
    return BigCommerce(transport, store_hash=store, location_id=location)
